import KeelEngine
import KeelSettings

/// Gives a row one axis; the numbers stay where they are.
///
/// **Shapes** Input [a, b, …], output [a·b·…].
public struct Flatten: Layer {
  public static let name = "flatten"
  public static let summary = "gives a row one axis"

  public init() {}

  public func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal {
    _ = network.planner.name(Self.name)
    return input.reshaped(to: Shape(input.shape.count))
  }
}

extension Choice where F == Layers {
  /// `flatten` in a recipe.
  public static var flatten: Choice { Choice(Flatten()) }
}
