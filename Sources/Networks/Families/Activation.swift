import CKernels
import KeelEngine
import KeelSettings

/// A layer without a shape of its own: it stands in the model, or inside `dense`.
public protocol Activation: Layer {
  /// What it computes of each element, if it treats all alike; theory integrates over it.
  var elementwise: ElementwiseKernel.Functions? { get }
}

extension Activation {
  public var elementwise: ElementwiseKernel.Functions? { nil }
}

/// Families that activations belong to: they are layers, too.
public protocol ActivationFamily: Family {}

/// Functions inside `dense`; each is a layer, too.
public enum Activations: ActivationFamily {
  public static let singular = "activation"
  public static let plural = "activations"
  public static func member(_ ingredient: any Ingredient) -> (any Activation)? {
    ingredient as? any Activation
  }
}
