import KeelEngine
import KeelSettings

/// Ones on the diagonal, zeros elsewhere, in a matrix of any extents.
public struct Identity: Initializer {
  public static let name = "identity"
  public static let summary = "ones on the diagonal"
  public var needsMatrix: Bool { true }

  public init() {}

  public func std(_ fan: Fan) -> Double { 1 / Double(max(fan.input, fan.rows)).squareRoot() }
  public var isCentered: Bool { false }

  public func fill(
    _ values: UnsafeMutableBufferPointer<Float>, fan: Fan, random: inout Random
  ) {
    precondition(values.count == fan.input * fan.rows, "a matrix of the fan's extents")
    values.update(repeating: 0)
    for index in 0..<min(fan.input, fan.rows) { values[index * fan.input + index] = 1 }
  }
}

extension Choice where F == Initializers {
  /// `identity` in a recipe.
  public static var identity: Choice { Choice(Identity()) }
}
