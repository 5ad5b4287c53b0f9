import KeelEngine
import KeelSettings

/// The same layers several times in a row, each time with parameters of their own.
///
/// **Effect on gradients** A gain above 1 is multiplied once per time: this is where depth is
/// written.
public struct Repeat: Container {
  public static let name = "repeat"
  public static let summary = "the same layers several times in a row"
  public static let fields: [Field<Repeat>] = [
    .init("times", \.times, .atLeast(1), required: true, "how often"),
    .init("layers", \.layers, required: true, "what is repeated"),
  ]
  public var times = 1
  public var layers: [Choice<Layers>] = []

  public init() {}

  public func validate(at path: String) throws {
    try requireLayers(layers, at: path)
  }

  public func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal {
    var signal = input
    let place = "\(network.path).layers"
    for _ in 0..<times { signal = try network.plan(layers, at: place, signal) }
    return signal
  }
}

func requireLayers(_ layers: [Choice<Layers>], at path: String) throws {
  guard layers.isEmpty else { return }
  throw KeelError(
    .invalid, at: path, "holds no layers", fix: "add at least one, such as '- dense: 10'")
}

extension Choice where F == Layers {
  /// `repeat: {times: …, layers: […]}` in a recipe.
  public static func `repeat`(_ times: Int, _ layers: [Choice<Layers>]) -> Choice {
    var block = Repeat()
    (block.times, block.layers) = (times, layers)
    return Choice(block)
  }
}
