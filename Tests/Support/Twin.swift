import KeelNetworks
import KeelRecipes
import KeelSettings

/// The network once more, in Double and as plainly as its formulas read: the oracle of the engine.
///
/// It shares no code with the engine or its kernels; it takes from a recipe only what is written
/// there. Batch norm uses the batch, as in training; dropout uses the masks it is given.
public struct Twin {
  /// One computed signal. Signal 0 is the network's input, signal i + 1 the output of node i.
  struct Node {
    let name: String
    let layer: any TwinLayer
    let reads: [Int]
  }

  /// Where a walk through the model stands: which signal, and the shape of one row of it.
  private struct Place {
    var signal: Int
    var shape: [Int]
  }

  private(set) var nodes: [Node] = []
  private(set) var output = 0
  /// Vectors in one row of the output.
  private var positions = 1
  private let loss: any Loss
  private let masks: [String: [Double]]
  private var counts: [String: Int] = [:]

  /// - Parameters:
  ///   - row: the shape of one row of inputs.
  ///   - masks: for every dropout layer its mask, 0 or 1/(1 − rate) for each element of a batch.
  public init(_ recipe: Recipe, row: [Int], masks: [String: [Double]] = [:]) {
    loss = recipe.loss.member
    self.masks = masks
    let end = walk(recipe.model, from: Place(signal: 0, shape: row))
    (output, positions) = (end.signal, end.shape.dropLast().reduce(1, *))
  }

  private mutating func walk(_ layers: [Choice<Layers>], from start: Place) -> Place {
    var place = start
    for layer in layers { place = add(layer.ingredient, place) }
    return place
  }

  private mutating func add(_ ingredient: any Ingredient, _ place: Place) -> Place {
    switch ingredient {
    case is Linear: return place
    case is Flatten:
      _ = next(Flatten.name)
      return Place(signal: place.signal, shape: [place.shape.reduce(1, *)])
    case let block as Repeat:
      var end = place
      for _ in 0..<block.times { end = walk(block.layers, from: end) }
      return end
    case let block as Residual:
      let name = next(Residual.name)
      let branch = walk(block.layers, from: place)
      let sum = block.twin(name, place.shape, branch.shape)
      return append(name, sum, reads: [branch.signal, place.signal], branch.shape)
    case let dense as Dense:
      let name = next(Dense.name)
      let layer = DenseTwin(
        weight: "\(name).weight", bias: dense.bias ? "\(name).bias" : nil,
        fanIn: place.shape.last!, units: dense.units)
      let shape = place.shape.dropLast() + [dense.units]
      return add(
        dense.activation.ingredient, append(name, layer, reads: [place.signal], Array(shape)))
    case let image as any ImageTwinned:
      let name = next(type(of: image).name)
      let (layer, shape) = image.twin(name, place.shape)
      let end = append(name, layer, reads: [place.signal], shape)
      return (image as? any Activated).map { add($0.activation.ingredient, end) } ?? end
    case let embedding as Embedding:
      let name = next(Embedding.name)
      return append(
        name, simple(embedding, name, place), reads: [place.signal],
        place.shape + [embedding.units])
    case let layer as any Recurrence:
      let name = next(type(of: layer).name)
      let shape = (layer.output == .last ? [] : [place.shape[0]]) + [layer.units]
      return append(
        name, RecurrenceTwin(layer, name: name, row: place.shape), reads: [place.signal], shape)
    default:
      let name = next(type(of: ingredient).name)
      return append(name, simple(ingredient, name, place), reads: [place.signal], place.shape)
    }
  }

  /// A layer that keeps the shape.
  private func simple(_ ingredient: any Ingredient, _ name: String, _ place: Place)
    -> any TwinLayer
  {
    switch ingredient {
    case let norm as BatchNorm:
      return BatchNormTwin(
        gain: "\(name).weight", bias: "\(name).bias", features: place.shape.last!,
        epsilon: norm.epsilon)
    case is Dropout:
      guard let mask = masks[name] else { preconditionFailure("no mask for \(name)") }
      return MaskTwin(mask: mask)
    case is Softmax: return SoftmaxTwin(columns: place.shape.last!)
    case is PReLU: return PReLUTwin(slope: "\(name).weight")
    case let activation as any Activation:
      return ElementwiseTwin(formula: formula(of: activation))
    default:
      guard let layer = sequenceTwin(ingredient, name, place.shape) else {
        preconditionFailure("the twin does not know \(name)")
      }
      return layer
    }
  }

  private mutating func next(_ kind: String) -> String {
    counts[kind, default: 0] += 1
    return "\(kind)-\(counts[kind]!)"
  }

  private mutating func append(
    _ name: String, _ layer: any TwinLayer, reads: [Int], _ shape: [Int]
  ) -> Place {
    nodes.append(Node(name: name, layer: layer, reads: reads))
    return Place(signal: nodes.count, shape: shape)
  }
}

// MARK: computing

extension Twin {
  /// Every signal of one batch and, once they are wanted, the gradients with respect to them.
  public struct Result {
    /// In forward order.
    public let layers: [String]
    public internal(set) var outputs: [String: [Double]] = [:]
    public internal(set) var loss = Double.nan
    /// By layer: of the loss with respect to the layer's output.
    public internal(set) var outputGradients: [String: [Double]] = [:]
    /// By parameter: `dense-1.weight`.
    public internal(set) var parameterGradients: [String: [Double]] = [:]

    /// The first output that float32 cannot hold, in forward layer order.
    public var firstOverflow: (layer: String, index: Int, value: Double)? {
      for layer in layers {
        let values = outputs[layer]!
        if let index = values.firstIndex(where: { !Float($0).isFinite }) {
          return (layer, index, values[index])
        }
      }
      return nil
    }
  }

  /// Outputs, loss and all gradients.
  /// - Parameters:
  ///   - parameters: by name, row-major, as the plan lays them out.
  ///   - targets: one row for each row of inputs.
  public func run(_ parameters: [String: [Double]], inputs: [[Double]], targets: [[Double]])
    -> Result
  {
    let signals = forward(parameters, inputs)
    let (loss, gradient) = twinLoss(
      self.loss, outputs: signals[output], targets: targets.flatMap { $0 },
      rows: inputs.count * positions)
    return backward(parameters, signals, gradient, loss: loss)
  }

  /// Outputs and gradients, from a gradient with respect to the network's output.
  public func run(_ parameters: [String: [Double]], inputs: [[Double]], outputGradient: [Double])
    -> Result
  {
    backward(parameters, forward(parameters, inputs), outputGradient, loss: .nan)
  }

  /// The loss alone.
  public func loss(_ parameters: [String: [Double]], inputs: [[Double]], targets: [[Double]])
    -> Double
  {
    twinLoss(
      loss, outputs: forward(parameters, inputs)[output], targets: targets.flatMap { $0 },
      rows: inputs.count * positions
    ).loss
  }

  func forward(_ parameters: [String: [Double]], _ inputs: [[Double]]) -> [[Double]] {
    var signals = [inputs.flatMap { $0 }]
    for node in nodes {
      signals.append(node.layer.forward(node.reads.map { signals[$0] }, parameters))
    }
    return signals
  }

  private func backward(
    _ parameters: [String: [Double]], _ signals: [[Double]], _ outputGradient: [Double],
    loss: Double
  ) -> Result {
    var result = Result(layers: nodes.map(\.name), loss: loss)
    var gradients = signals.map { [Double](repeating: 0, count: $0.count) }
    gradients[output] = outputGradient
    for (index, node) in nodes.enumerated().reversed() {
      let pulled = node.layer.backward(
        node.reads.map { signals[$0] }, signals[index + 1], gradients[index + 1], parameters)
      for (source, gradient) in zip(node.reads, pulled.inputs) {
        gradients[source] = zip(gradients[source], gradient).map { $0 + $1 }
      }
      result.parameterGradients.merge(pulled.parameters) { _, new in new }
      result.outputs[node.name] = signals[index + 1]
      result.outputGradients[node.name] = gradients[index + 1]
    }
    return result
  }
}
