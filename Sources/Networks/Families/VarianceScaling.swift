import KeelEngine
import KeelSettings

/// Which fan a variance-scaling initializer divides by.
public enum FanMode: String, Keyword {
  case fanIn = "fan-in"
  case fanOut = "fan-out"
  case fanAverage = "fan-average"

  func count(_ fan: Fan) -> Double {
    switch self {
    case .fanIn: Double(fan.input)
    case .fanOut: Double(fan.output)
    case .fanAverage: Double(fan.input + fan.output) / 2
    }
  }
}

/// What initial values are drawn from; both have the same variance.
public enum Distribution: String, Keyword {
  case normal, uniform
}

/// Initializers whose variance is a gain divided by a fan: Xavier, He, LeCun.
public protocol VarianceScaling: Initializer {
  /// Variance × fan, before `scale`.
  static var gain: Double { get }
  var distribution: Distribution { get set }
  var mode: FanMode { get set }
  /// A factor on the deviation.
  var scale: Double { get set }
}

extension VarianceScaling {
  public static var fields: [Field<Self>] {
    [
      .init("distribution", \.distribution, "normal, or uniform of the same variance"),
      .init("mode", \.mode, "which fan the variance is divided by"),
      .init("scale", \.scale, .nonNegative, "a factor on the deviation"),
    ]
  }

  /// √(gain/fan) · scale.
  public func std(_ fan: Fan) -> Double { (Self.gain / mode.count(fan)).squareRoot() * scale }

  public func fill(
    _ values: UnsafeMutableBufferPointer<Float>, fan: Fan, random: inout Random
  ) {
    switch distribution {
    case .normal: random.fill(values, normalWithMean: 0, std: Float(std(fan)))
    case .uniform:
      let limit = Float(std(fan) * 3.0.squareRoot())
      random.fill(values, uniformFrom: -limit, to: limit)
    }
  }

  init(_ distribution: Distribution, _ mode: FanMode, _ scale: Double) {
    self.init()
    (self.distribution, self.mode, self.scale) = (distribution, mode, scale)
  }
}
