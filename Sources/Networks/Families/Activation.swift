import CKernels
import KeelEngine
import KeelSettings

/// A layer without a shape of its own: it stands in the model, or inside `dense`.
public protocol Activation: Layer {
  /// What it computes of each element, if it treats all alike; theory integrates over it.
  var elementwise: ElementwiseKernel.Functions? { get }
  /// √E[φ′(z)²] for a standard normal z: what the norm of a gradient is multiplied by on its way
  /// through; nil for an activation that is not element-wise.
  var rootMeanSquareSlope: Double? { get }
  /// The targets that a network which ends in it can be meant for.
  var targetRange: ClosedRange<Float> { get }
  /// How weights before it begin at the reference point.
  func referenceInitializer(_ distribution: Distribution) -> Choice<Initializers>
}

extension Activation {
  public var elementwise: ElementwiseKernel.Functions? { nil }
  public var rootMeanSquareSlope: Double? { nil }
  public var targetRange: ClosedRange<Float> { 0 ... .infinity }
  public func referenceInitializer(_ distribution: Distribution) -> Choice<Initializers> {
    .xavier(distribution)
  }
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
