import KeelEngine
import KeelSettings

/// One value everywhere; as a weight it makes all units of a layer alike.
public struct Constant: Initializer {
  public static let name = "constant"
  public static let summary = "one value everywhere"
  public static let fields: [Field<Constant>] = [
    .init("value", \.value, required: true, "the value")
  ]
  /// What every element begins with.
  public var value = 0.0

  public init() {}

  public func std(_ fan: Fan) -> Double { abs(value) }
  public var isCentered: Bool { false }

  public func fill(
    _ values: UnsafeMutableBufferPointer<Float>, fan: Fan, random: inout Random
  ) { values.update(repeating: Float(value)) }
}

extension Choice where F == Initializers {
  /// `constant: {value: …}` in a recipe.
  public static func constant(_ value: Double) -> Choice {
    var constant = Constant()
    constant.value = value
    return Choice(constant)
  }
}
