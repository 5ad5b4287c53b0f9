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

/// What keeps gradients from growing: `clipping:` in a recipe.
public enum Clips: Family {
  public static let singular = "clipping"
  public static let plural = "clippings"
  public static func member(_ ingredient: any Ingredient) -> (any Clip)? {
    ingredient as? any Clip
  }
}
