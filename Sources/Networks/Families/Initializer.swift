import KeelEngine
import KeelSettings

/// How a parameter begins.
public protocol Initializer: Ingredient {
  /// Writes initial values; `random` is the parameter's own generator.
  ///
  /// - Parameter values: a matrix [fan.rows, fan.input] row by row, or a bias [fan.output].
  func fill(
    _ values: UnsafeMutableBufferPointer<Float>, fan: Fan, random: inout Random)
  /// Whether it makes sense for a matrix only.
  var needsMatrix: Bool { get }
  /// Whether the weight is then scaled until its layer's output has variance 1 on the training's
  /// rows.
  var needsData: Bool { get }
  /// The root mean square of an element, by theory; measured on a draw where it is not known.
  func std(_ fan: Fan) -> Double
  /// Whether elements are random with mean 0, as theory wants them.
  var isCentered: Bool { get }
}

extension Initializer {
  public var needsMatrix: Bool { false }
  public var needsData: Bool { false }
  public var isCentered: Bool { true }

  public func std(_ fan: Fan) -> Double {
    var random = Random(seed: 0, stream: "initializer/std")
    let count = fan.input * fan.rows
    return withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { values in
      values.initialize(repeating: 0)
      fill(values, fan: fan, random: &random)
      return (values.reduce(0) { $0 + Double($1) * Double($1) } / Double(count)).squareRoot()
    }
  }
}

/// How many numbers flow into one output of a weight, and how many outputs one input reaches.
public struct Fan: Hashable, Sendable {
  /// Inputs of one output: the weights that are summed.
  public let input: Int
  /// Outputs that one input reaches.
  public let output: Int
  /// How many rows of `input` numbers the weight has: `output`, but for a convolution, where an
  /// input reaches each filter several times.
  public let rows: Int
  public init(input: Int, output: Int, rows: Int? = nil) {
    self.input = input
    self.output = output
    self.rows = rows ?? output
  }
}

/// How parameters begin: `initializer:` in a recipe or a layer.
public enum Initializers: Family {
  public static let singular = "initializer"
  public static let plural = "initializers"
  public static func member(_ ingredient: any Ingredient) -> (any Initializer)? {
    ingredient as? any Initializer
  }
}

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
