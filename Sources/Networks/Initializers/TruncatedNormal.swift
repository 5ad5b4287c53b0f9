import KeelEngine
import KeelSettings

/// A normal distribution cut at two deviations: what lies beyond is drawn again.
///
/// **Definition** As PyTorch's `trunc_normal_`, cut at mean ± 2·std. What comes out deviates by
/// 0.88·std.
public struct TruncatedNormal: Initializer {
  public static let name = "truncated-normal"
  public static let summary = "normal, cut at two deviations"
  public static let fields: [Field<TruncatedNormal>] = [
    .init("std", \.std, .nonNegative, "deviation before the cut"),
    .init("mean", \.mean, "mean"),
  ]
  /// The deviation before the cut.
  public var std = 1.0
  /// The mean of an element.
  public var mean = 0.0

  public init() {}

  /// What is left of a normal distribution between ±2 deviates by √(1 − 4φ(2)/(2Φ(2) − 1)).
  public func std(_ fan: Fan) -> Double {
    (0.879_625_66 * std * 0.879_625_66 * std + mean * mean).squareRoot()
  }
  public var isCentered: Bool { mean == 0 }

  public func fill(
    _ values: UnsafeMutableBufferPointer<Float>, fan: Fan, random: inout Random
  ) {
    for index in values.indices {
      var value = random.normal()
      while abs(value) > 2 { value = random.normal() }
      values[index] = Float(mean + std * value)
    }
  }
}

extension Choice where F == Initializers {
  /// `truncated-normal: {std: …, mean: …}` in a recipe.
  public static func truncatedNormal(std: Double = 1, mean: Double = 0) -> Choice {
    var normal = TruncatedNormal()
    (normal.std, normal.mean) = (std, mean)
    return Choice(normal)
  }
}
