import KeelSettings

/// Norms of the steps before, as far as a clip needs them.
///
/// It depends on the norms it was told and on nothing else: a run that goes back tells them again,
/// from its trace. A value is held against the window before it is admitted to it.
public protocol NormWindow: AnyObject {
  /// The norm that gradients of `norm` are to have: `norm` itself where nothing is to be clipped,
  /// where it is not finite, and while the window knows too little.
  func bound(_ norm: Double) -> Double
  /// Takes in the norm of a good step, as it was before any clipping. What is not finite stays out,
  /// so that it cannot blind the window.
  func admit(_ norm: Double)
  /// Back to the start, in the memory there is.
  func forget()
}
