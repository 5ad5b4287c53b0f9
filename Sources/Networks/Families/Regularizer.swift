import KeelSettings

/// Keeps weights small, by a penalty or by a limit; biases and gains are left alone.
public protocol Regularizer: Ingredient {
  /// Factors of Σ|w| and Σw² in the loss; their gradient joins the loss's before clipping.
  var penalty: (l1: Double, l2: Double) { get }
  /// Changes a weight [rows, columns] after its update.
  func constrain(_ weights: UnsafeMutablePointer<Float>, rows: Int, columns: Int)
}

extension Regularizer {
  public func constrain(_ weights: UnsafeMutablePointer<Float>, rows: Int, columns: Int) {}
}

/// What keeps weights small: `regularizer:` in a recipe.
public enum Regularizers: Family {
  public static let singular = "regularizer"
  public static let plural = "regularizers"
  public static func member(_ ingredient: any Ingredient) -> (any Regularizer)? {
    ingredient as? any Regularizer
  }
}
