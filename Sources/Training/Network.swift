import KeelEngine
import KeelRecipes

/// A trained network as a value: parameters by name, and what it takes to predict with them.
public struct Network: Sendable {
  /// How it is built; its data are not needed.
  public let recipe: Recipe
  /// Parameters (`dense-1.weight`) and layer statistics (`batch-norm-1.mean`), in plan order.
  public let tensors: [Tensor]
  /// The shape of one row of inputs.
  public let input: Shape
  /// What inputs are called, if they have names.
  public let columns: [String]?
  public let targets: PreparedData.TargetKind
  public let inputScale: Scale?
  public let targetScale: Scale?

  /// Numbers with a name and a shape.
  public struct Tensor: Hashable, Sendable {
    public let name: String
    public let shape: Shape
    /// Row-major.
    public let values: [Float]

    public init(name: String, shape: Shape, values: [Float]) {
      precondition(shape.count == values.count, "as many values as the shape has")
      self.name = name
      self.shape = shape
      self.values = values
    }
  }

  /// - Throws: `KeelError` where a tensor is missing, unknown or of another shape.
  public init(
    recipe: Recipe, tensors: [Tensor], input: Shape, columns: [String]?,
    targets: PreparedData.TargetKind, inputScale: Scale?, targetScale: Scale?
  ) throws {
    let expected = try recipe.plan(row: input, capacity: 1).tensors
    for (name, shape) in expected {
      guard let tensor = tensors.first(where: { $0.name == name }) else {
        throw KeelError(
          .invalid, at: name, "is missing; the recipe's network has it, [\(shape)]",
          fix: "use the model with the recipe it was trained by")
      }
      guard tensor.shape == shape else {
        throw KeelError(
          .invalid, at: name, "has shape [\(tensor.shape)], the recipe's network [\(shape)]",
          fix: "use the model with the recipe it was trained by")
      }
    }
    if let extra = tensors.first(where: { tensor in !expected.contains { $0.0 == tensor.name } }) {
      throw KeelError(
        .invalid, at: extra.name, "is not in the recipe's network",
        fix: "use the model with the recipe it was trained by")
    }
    let plan = try recipe.plan(row: input, capacity: 1)
    let scales = [inputScale, targetScale].compactMap { $0 }
    guard targets.columns == plan.output.shape.count,
      targets.positions >= 1, targets.columns.isMultiple(of: targets.positions),
      columns.map({ $0.count == input.count }) ?? true,
      inputScale.map({ $0.mean.count == input.count }) ?? true,
      targetScale.map({ $0.mean.count == targets.columns }) ?? true,
      scales.allSatisfy({ $0.mean.count == $0.std.count && $0.std.allSatisfy { $0 > 0 } })
    else {
      throw KeelError(
        .invalid, at: "model", "says of its inputs and outputs what its recipe does not",
        fix: "use a file as it was written by 'keel train --save'")
    }
    self.recipe = recipe
    self.tensors = expected.map { name, _ in tensors.first { $0.name == name }! }
    self.input = input
    self.columns = columns
    self.targets = targets
    self.inputScale = inputScale
    self.targetScale = targetScale
  }

  /// A tensor by name: `network["dense-1.weight"]`.
  public subscript(name: String) -> Tensor? { tensors.first { $0.name == name } }

  /// Outputs for rows of inputs: probabilities where the loss takes logits, otherwise numbers in the
  /// targets' own units.
  /// - Throws: `KeelError` for a row of another length.
  public func predict(_ rows: [[Float]]) throws -> [[Float]] {
    if let row = rows.firstIndex(where: { $0.count != input.count }) {
      throw KeelError(
        .invalid, at: "row \(row)",
        "has \(rows[row].count) numbers, the network takes \(input.count)",
        fix: "give \(input.count) numbers a row, in the order of training")
    }
    guard !rows.isEmpty else { return [] }
    try recipe.checkTokens(rows)
    let plan = try recipe.plan(row: input, capacity: min(256, rows.count))
    let stepper = try Stepper(recipe, plan: plan)
    for (tensor, buffer) in zip(tensors, plan.tensorBuffers) {
      _ = UnsafeMutableBufferPointer(start: stepper.memory[buffer], count: buffer.count)
        .update(fromContentsOf: tensor.values)
    }
    let data = PreparedData(rows, self)
    let outputs = stepper.outputs(data.train, data)
    return stride(from: 0, to: outputs.count, by: targets.columns).map {
      Array(outputs[$0..<$0 + targets.columns])
    }
  }
}

extension Plan {
  /// Names and shapes of everything a network consists of.
  fileprivate var tensors: [(String, Shape)] {
    parameters.map { ($0.name, $0.shape) } + states.map { ($0.name, Shape($0.buffer.count)) }
  }

  fileprivate var tensorBuffers: [Buffer] { parameters.map(\.buffer) + states.map(\.buffer) }
}

extension PreparedData {
  /// Rows without targets.
  fileprivate init(_ rows: [[Float]], _ network: Network) {
    var inputs = rows.flatMap { $0 }
    network.inputScale?.standardize(&inputs)
    let zeros = [Float](repeating: 0, count: rows.count * network.targets.columns)
    self.init(
      train: Part(count: rows.count, inputs: inputs, numbers: zeros, classes: []), test: nil,
      shape: network.input, targets: network.targets, inputScale: network.inputScale,
      targetScale: network.targetScale)
  }
}

extension Trainer {
  /// The network as it is now.
  package func network() throws -> Network {
    let plan = stepper.plan
    let tensors = zip(plan.tensors, plan.tensorBuffers).map { entry, buffer in
      Network.Tensor(
        name: entry.0, shape: entry.1,
        values: Array(UnsafeBufferPointer(start: stepper.memory[buffer], count: buffer.count)))
    }
    return try Network(
      recipe: recipe, tensors: tensors, input: data.shape, columns: data.columns,
      targets: data.targets, inputScale: data.inputScale, targetScale: data.targetScale)
  }
}
