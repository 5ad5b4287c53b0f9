import KeelSettings

/// Keeps gradients from growing beyond a limit, between the backward pass and the update.
public protocol Clip: Ingredient {
  /// Changes the gradients of a step.
  ///
  /// **Non-finite values** A gradient that is not finite cannot be scaled back: it is left as it
  /// is, and the step is a bad one. It is never turned into zeros.
  /// - Parameter window: what `window(steps:)` made, with the norms of the steps before.
  func apply(to gradients: Gradients, _ window: (any NormWindow)?)
  /// What it remembers norms in, in a run of so many steps; nil for a clip that looks at nothing
  /// but the step at hand.
  func window(steps: Int) -> (any NormWindow)?
}

extension Clip {
  public func window(steps: Int) -> (any NormWindow)? { nil }

  /// The same with nothing remembered.
  public func apply(to gradients: Gradients) { apply(to: gradients, nil) }
}

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

/// What keeps gradients from growing: `clipping:` in a recipe.
public enum Clips: Family {
  public static let singular = "clipping"
  public static let plural = "clippings"
  public static func member(_ ingredient: any Ingredient) -> (any Clip)? {
    ingredient as? any Clip
  }
}
