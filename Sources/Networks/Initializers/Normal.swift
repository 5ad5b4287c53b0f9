import KeelEngine
import KeelSettings

/// A normal distribution of a fixed deviation, whatever the fan.
///
/// **Effect on gradients** With std 1 a ReLU layer of n units multiplies the gradient's norm by
/// √(n/2): ×16 at 512 units. The classic cause of explosions.
public struct Normal: Initializer {
  public static let name = "normal"
  public static let summary = "normal, of a fixed deviation"
  public static let fields: [Field<Normal>] = [
    .init("std", \.std, .nonNegative, "deviation"),
    .init("mean", \.mean, "mean"),
  ]
  /// The deviation of an element.
  public var std = 1.0
  /// The mean of an element.
  public var mean = 0.0

  public init() {}

  public func std(_ fan: Fan) -> Double { (std * std + mean * mean).squareRoot() }
  public var isCentered: Bool { mean == 0 }

  public func fill(
    _ values: UnsafeMutableBufferPointer<Float>, fan: Fan, random: inout Random
  ) { random.fill(values, normalWithMean: Float(mean), std: Float(std)) }
}

extension Choice where F == Initializers {
  /// `normal: {std: …, mean: …}` in a recipe.
  public static func normal(std: Double = 1, mean: Double = 0) -> Choice {
    var normal = Normal()
    (normal.std, normal.mean) = (std, mean)
    return Choice(normal)
  }
}
