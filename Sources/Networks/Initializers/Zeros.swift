import KeelEngine
import KeelSettings

/// All zeros: right for biases; a weight of zeros passes no gradient on.
public struct Zeros: Initializer {
  public static let name = "zeros"
  public static let summary = "all zeros"

  public init() {}

  public func std(_ fan: Fan) -> Double { 0 }
  public var isCentered: Bool { false }

  public func fill(
    _ values: UnsafeMutableBufferPointer<Float>, fan: Fan, random: inout Random
  ) { values.update(repeating: 0) }
}

extension Choice where F == Initializers {
  /// `zeros` in a recipe.
  public static var zeros: Choice { Choice(Zeros()) }
}
