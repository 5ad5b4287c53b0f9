import KeelData
import KeelEngine
import KeelRecipes

/// A trained network as a value: parameters by name, and what it takes to predict with them.
public struct NeuralNetwork: Sendable {
  /// How it is built; its data are not needed.
  public let recipe: Recipe
  /// Parameters (`dense-1.weight`) and layer statistics (`batch-norm-1.mean`), in plan order.
  public let tensors: [Tensor]
  /// The shape of one row of inputs.
  public let input: Shape
  /// What inputs are called, if they have names.
  public let columns: [String]?
  /// What the outputs stand for: how many there are, and whether they are classes.
  public let targets: PreparedData.TargetKind
  /// What inputs are standardised by; nil where they are taken as they are.
  public let inputScale: Scale?
  /// What brings outputs back into the targets' own units; nil where they are in them.
  public let targetScale: Scale?

  /// - Throws: `KeelError` where a tensor is missing, unknown or of another shape.
  public init(
    recipe: Recipe, tensors: [Tensor], input: Shape, columns: [String]?,
    targets: PreparedData.TargetKind, inputScale: Scale?, targetScale: Scale?
  ) throws {
    let plan = try recipe.plan(row: input, capacity: 1)
    let named = try plan.networkTensors.matched(
      with: tensors, in: "the recipe's network",
      fix: "use the model with the recipe it was trained by")
    let scales = [inputScale, targetScale].compactMap { $0 }
    guard targets.columns == plan.output.shape.count,
      targets.positions >= 1, targets.columns.isMultiple(of: targets.positions),
      columns.map({ $0.count == input.count }) ?? true,
      inputScale.map({ $0.mean.count == input.count }) ?? true,
      targetScale.map({ $0.mean.count == targets.columns }) ?? true,
      scales.allSatisfy({ $0.mean.count == $0.std.count && $0.std.allSatisfy { $0 >= 0 } })
    else {
      throw KeelError(
        .invalid, at: "model", "says of its inputs and outputs what its recipe does not",
        fix: "use a file as it was written by 'keel train --save'")
    }
    self.recipe = recipe
    self.tensors = named
    self.input = input
    self.columns = columns
    self.targets = targets
    self.inputScale = inputScale
    self.targetScale = targetScale
  }

  /// Looks at names and shapes alone: a model may be large.
  /// - Throws: `KeelError` where a tensor is missing, unknown or of another shape.
  package static func check(_ tensors: [(String, Shape)], recipe: Recipe, input: Shape) throws {
    let plan = try recipe.plan(row: input, capacity: 1)
    try plan.networkTensors.check(
      tensors, in: "the recipe's network", fix: "use the model with the recipe it was trained by")
  }

  /// The first tensor with a number that no training leaves there: one that is not finite, or a
  /// variance below 0; nil where there is none.
  public var lostTensor: Tensor? {
    tensors.first { tensor in
      let least: Float = tensor.name.hasSuffix(".variance") ? 0 : -.greatestFiniteMagnitude
      return !tensor.values.allSatisfy { $0.isFinite && $0 >= least }
    }
  }

  /// A tensor by name: `network["dense-1.weight"]`.
  public subscript(name: String) -> Tensor? { tensors.first { $0.name == name } }

  /// Outputs for rows of inputs: probabilities where the loss takes logits, otherwise numbers in
  /// the targets' own units.
  /// - Throws: `KeelError` for a row of another length, and where memory does not hold the outputs.
  public func predict(_ rows: [[Float]]) throws -> [[Float]] {
    try check(rows)
    guard !rows.isEmpty else { return [] }
    return try Predictor(self, batch: min(256, rows.count)).predict(rows)
  }
}

/// A tensor that something consists of: what it is called, its shape, and where it lies.
struct TensorPlace {
  let name: String
  let shape: Shape
  let buffer: Buffer
}

extension Plan {
  /// Everything a network consists of.
  var networkTensors: [TensorPlace] {
    parameters.map { TensorPlace(name: $0.name, shape: $0.shape, buffer: $0.buffer) }
      + states.map { TensorPlace(name: $0.name, shape: Shape($0.buffer.count), buffer: $0.buffer) }
  }
}

extension [TensorPlace] {
  /// As many of the tensors as belong here, in this order.
  /// - Throws: `KeelError` that names each tensor that is missing, of another shape, or unknown.
  func matched(with tensors: [Tensor], in whole: String, fix: String) throws
    -> [Tensor]
  {
    try check(tensors.map { ($0.name, $0.shape) }, in: whole, fix: fix)
    let given = Dictionary(tensors.map { ($0.name, $0) }) { first, _ in first }
    return map { given[$0.name].required("the names have been checked") }
  }

  /// - Throws: `KeelError` that names each tensor that is missing, of another shape, or unknown.
  func check(_ tensors: [(name: String, shape: Shape)], in whole: String, fix: String) throws {
    let given = Dictionary(tensors.map { ($0.name, $0.shape) }) { first, _ in first }
    let known = Set(map(\.name))
    let wrong =
      compactMap { place -> (String, String)? in
        guard let shape = given[place.name] else {
          return (place.name, "is missing; \(whole) has it, [\(place.shape)]")
        }
        return shape == place.shape
          ? nil : (place.name, "has shape [\(shape)], \(whole) [\(place.shape)]")
      } + tensors.filter { !known.contains($0.name) }.map { ($0.name, "is not in \(whole)") }
    guard let first = wrong.first else { return }
    let rest = wrong.dropFirst().map { "\($0.0) \($0.1)" }
    throw KeelError(
      .invalid, at: first.0, ([first.1] + rest).joined(separator: "; "), fix: fix)
  }
}

extension Trainer {
  /// The network as it is now.
  package func network() throws -> NeuralNetwork { try network(in: trainingStep.memory.base) }

  /// The network whose tensors begin there, in a snapshot or in the arena.
  func network(in base: UnsafePointer<Float>) throws -> NeuralNetwork {
    let plan = trainingStep.plan
    try Room.check(4 * plan.persistentFloats, for: "a copy of the network")
    let tensors = plan.networkTensors.map { $0.tensor(in: base, plan) }
    return try NeuralNetwork(
      recipe: recipe, tensors: tensors, input: data.shape, columns: data.columns,
      targets: data.targets, inputScale: data.inputScale, targetScale: data.targetScale)
  }
}
