import KeelEngine

/// Keeps gradients from growing beyond a limit, between the backward pass and the update.
public protocol Clip: Ingredient {
  /// Changes the gradients of a step.
  ///
  /// **Non-finite values** A gradient that is not finite cannot be scaled back: it is left as it is,
  /// and the step is a bad one. It is never turned into zeros.
  func apply(to gradients: Gradients)
}

public enum Clips: Family {
  public static let singular = "clipping"
  public static let plural = "clippings"
  public static func member(_ ingredient: any Ingredient) -> (any Clip)? {
    ingredient as? any Clip
  }
}
