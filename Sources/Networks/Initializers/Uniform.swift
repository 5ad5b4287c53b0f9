import KeelEngine
import KeelSettings

/// Uniform on [−limit, limit), whatever the fan; its deviation is limit/√3.
public struct Uniform: Initializer {
  public static let name = "uniform"
  public static let summary = "uniform on ±limit"
  public static let fields: [Field<Uniform>] = [
    .init("limit", \.limit, .nonNegative, "the largest magnitude")
  ]
  /// The largest magnitude of an element.
  public var limit = 1.0

  public init() {}

  public func std(_ fan: Fan) -> Double { limit / 3.0.squareRoot() }

  public func fill(
    _ values: UnsafeMutableBufferPointer<Float>, fan: Fan, random: inout Random
  ) { random.fill(values, uniformFrom: -Float(limit), to: Float(limit)) }
}

extension Choice where F == Initializers {
  /// `uniform: {limit: …}` in a recipe.
  public static func uniform(_ limit: Double = 1) -> Choice {
    var uniform = Uniform()
    uniform.limit = limit
    return Choice(uniform)
  }
}
