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
  /// The rule for a part of a layer, where that is another one.
  func rule(for part: ParameterPart) -> any Initializer
}

/// A parameter, or part of one, that is not the weight of a product.
public enum ParameterPart: Hashable, Sendable {
  /// A bias of which the layer itself says nothing but zeros.
  case bias
  /// A recurrent layer with a state of so many units.
  case recurrence(units: Int)
  /// Vectors of tokens.
  case embedding
  /// Queries, keys and values of an attention, each by itself.
  case projection
}

extension Initializer {
  public var needsMatrix: Bool { false }
  public var needsData: Bool { false }
  public var isCentered: Bool { true }
  public func rule(for part: ParameterPart) -> any Initializer { part == .bias ? Zeros() : self }

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
