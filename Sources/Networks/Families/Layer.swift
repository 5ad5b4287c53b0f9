import KeelEngine
import KeelSettings

/// A part of a network: an immutable description, whose parameters live elsewhere.
public protocol Layer: Ingredient {
  /// Checks the shape of one row, places buffers and appends kernels.
  /// - Returns: the layer's output.
  /// - Throws: `KeelError` where the shape does not fit.
  func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal
  /// Whether what it puts out has unit size whatever it is given: gains do not multiply across it.
  var isNormalization: Bool { get }
  /// Whether it makes or reads sequences, whose times batch statistics would mix.
  var isSequential: Bool { get }
}

extension Layer {
  public var isNormalization: Bool { false }
  public var isSequential: Bool { false }
}

/// The parts of a network: `model:` in a recipe, and the layers inside of layers.
public enum Layers: ActivationFamily {
  public static let singular = "layer"
  public static let plural = "layers"
  public static func member(_ ingredient: any Ingredient) -> (any Layer)? {
    ingredient as? any Layer
  }
}

/// What layers are planned in: the planner, and what the recipe says for all of them.
public struct NetworkBuilder {
  /// What names layers, places their buffers and orders their kernels.
  public var planner: Planner
  /// For layers that name none of their own.
  public let initializer: any Initializer
  /// The recipe's seed, for layers that draw in every step.
  public let seed: UInt64
  /// Where in the recipe the layer being planned stands: `model[3].dense`.
  public private(set) var path: String
  private var depth = 0

  /// A network of more layers than this is refused: nested repeats multiply.
  public static let maximumLayers = 10_000

  package init(planner: Planner, initializer: any Initializer, seed: UInt64) {
    self.planner = planner
    self.initializer = initializer
    self.seed = seed
    self.path = "model"
  }

  /// Plans layers one after the other; `place` is the setting that holds them.
  public mutating func plan(_ layers: [Choice<Layers>], at place: String, _ input: Signal) throws
    -> Signal
  {
    let outer = path
    defer { path = outer }
    var signal = input
    for (index, layer) in layers.enumerated() {
      path = "\(place)[\(index)].\(layer.name)"
      do {
        signal = try checked(layer.member.plan(signal, in: &self))
      } catch var error as KeelError {
        if error.place == "model" { error.place = path }
        throw error
      }
    }
    return signal
  }

  /// What a layer puts out, if it has room for what it says.
  private func checked(_ output: Signal) throws -> Signal {
    guard output.value.count == output.shape.count, output.value.isPerRow else {
      throw error(
        "says that it puts out [\(output.shape)] a row, and has room for \(output.value.count) numbers",
        fix: "return a signal of the planner: network.planner.signal(layer, shape)")
    }
    return output
  }

  /// An error in the layer being planned.
  public func error(_ what: String, fix: String) -> KeelError {
    KeelError(.invalid, at: path, what, fix: fix)
  }
}
