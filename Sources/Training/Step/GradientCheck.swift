import KeelData
import KeelEngine
import KeelRecipes

/// The gradients of a network held against finite differences of its loss: whether the backward
/// pass of a layer, an activation or a loss of one's own fits its forward pass.
///
/// **Definition** On the first batch, for each parameter θ and a few directions d of its size,
/// g·d beside (L(θ + εd) − L(θ − εd))/2ε. The directions are the gradient itself, which sees a
/// wrong size, and random signs, which see elements that were forgotten. Of several ε the one that
/// agrees best counts: float32 leaves about three digits, and of a gradient below some 1e-5 of the
/// loss nothing. One wrong element in a thousand hides behind the others: check small layers.
/// Penalties are left out.
///
/// Where a function has a corner (ReLU) and the network happens to stand there the two differ
/// although both are right: try another seed. A truncated recurrence differs by design.
public struct GradientCheck: Sendable {
  /// A parameter, and how far its gradient is from what the loss does.
  public struct Row: Hashable, Sendable {
    /// Its name: `dense-1.weight`.
    public let parameter: String
    /// Along the direction that agrees least: as the backward pass has it.
    public let gradient: Double
    /// As the loss has it.
    public let difference: Double
    /// |gradient − difference| over the larger of the two, and over the noise of float32.
    public let error: Double
  }

  /// The parameters in plan order.
  public let rows: [Row]

  /// The largest error; about 0.01 or less where the gradients are right.
  public var worst: Double { rows.map(\.error).max() ?? 0 }

  /// - Throws: `KeelError` where recipe and rows do not fit, a value of the first batch is not
  ///   finite, or a layer leaves outputs unwritten or changes its inputs.
  public init(_ problem: Problem) throws {
    var recipe = problem.recipe
    recipe.regularizer = []
    let trainer = try Trainer(problem.with(recipe), keepsSnapshots: false)
    let step = trainer.trainingStep
    let count = trainer.batches.withRows(at: 0) { rows in
      trainer.data.train.gather(rows, step.plan, step.memory)
      return rows.count
    }
    // Of batch statistics and dropped inputs every pass has the same.
    let pass = step.pass(rows: count, mode: .training, position: 0)
    try Self.checkOutputs(step, pass)
    let (loss, isFinite) = step.forward(pass)
    for parameter in step.plan.parameters {
      UnsafeMutableBufferPointer(
        start: step.memory[parameter.buffer.gradient], count: parameter.buffer.count
      ).update(repeating: Self.unwritten)
    }
    let isSound = try Self.differentiate(step, pass)
    if isFinite, isSound { try Self.checkGradients(step) }
    // And once more from the loss, for layers write their gradients over each other's.
    guard isFinite, isSound, step.forward(pass).isFinite, step.backward(pass) else {
      throw KeelError(
        .invalid, at: "data", "the first batch gives values that are not finite",
        fix: "check the gradients with smaller weights or inputs")
    }
    let gradients = step.plan.parameters.map { Self.values(step, $0.buffer.gradient) }
    rows = step.plan.parameters.enumerated().map { index, parameter in
      Self.row(parameter, gradients[index], loss, step, pass, seed: recipe.seed)
    }
  }

  /// Looks for numbers that a kernel was to write and did not, or that were not its own.
  /// - Throws: `KeelError` with the layer.
  private static func checkOutputs(_ step: TrainingStep, _ pass: Pass) throws {
    for operation in step.plan.operations {
      let output = pass.values(operation.output.value)
      let isInPlace = operation.inputs.contains { $0.value == operation.output.value }
      if !isInPlace { output.update(repeating: unwritten) }
      let inputs = operation.inputs.map { Array(pass.values($0.value)) }
      let isFinite = operation.forward(pass)
      func fault(_ what: String) -> KeelError {
        KeelError(
          .invalid, at: operation.layer, what,
          fix: "write every number of a row's [\(operation.output.shape)], and no other")
      }
      let left = output.count { $0.bitPattern == unwritten.bitPattern }
      if left > 0 { throw fault("leaves \(left) of \(output.count) outputs unwritten") }
      for (input, before) in zip(operation.inputs, inputs) where !isInPlace {
        guard zip(pass.values(input.value), before).allSatisfy({ $0.bitPattern == $1.bitPattern })
        else { throw fault("changes its own inputs") }
      }
      guard isFinite, output.allSatisfy(\.isFinite) else {
        throw KeelError(
          .invalid, at: operation.layer, "puts out numbers that are not finite",
          fix: "check the gradients with other weights or inputs, if it may")
      }
    }
  }

  /// Takes the backward pass kernel by kernel, for a plan that takes its rows in parts writes to
  /// other places first.
  /// - Throws: `KeelError` with a layer that hands down less than it was to: what it leaves out is
  ///   whatever lay there.
  private static func differentiate(_ step: TrainingStep, _ pass: Pass) throws -> Bool {
    var isSound = true
    for operation in step.plan.operations.reversed() {
      let written = operation.inputs.enumerated().compactMap { index, input in
        operation.accumulation.contains(.input(index)) ? nil : input.gradient
      }
      for gradient in written { pass.values(gradient).update(repeating: unwritten) }
      if !operation.backward(pass) { isSound = false }
      for values in written.map(pass.values) {
        let left = values.count { $0.bitPattern == unwritten.bitPattern }
        guard left > 0 else { continue }
        throw KeelError(
          .invalid, at: operation.layer,
          "leaves \(left) of \(values.count) numbers of its input's gradient unwritten",
          fix: "write each of them, 0 where nothing is handed down")
      }
    }
    return isSound
  }

  /// A NaN that no calculation gives.
  private static let unwritten = Float(bitPattern: 0x7FA5_5A5A)

  /// Of the parameters those whose gradients a backward pass left as they were, or added to: a
  /// kernel writes them.
  private static func checkGradients(_ step: TrainingStep) throws {
    for parameter in step.plan.parameters {
      let left = values(step, parameter.buffer.gradient).count { $0.isNaN }
      guard left > 0 else { continue }
      throw KeelError(
        .invalid, at: parameter.name,
        "its gradient has \(left) of \(parameter.buffer.count) numbers that the backward pass has "
          + "not written, or has added to",
        fix: "write each in place of what is there: what others have is added by the plan")
    }
  }

  /// Shares of a parameter's size that it is moved by.
  private static let moves = [1e-1, 3e-2, 1e-2, 3e-3, 1e-3]

  private static func row(
    _ parameter: Parameter, _ gradient: [Float], _ loss: Double, _ step: TrainingStep, _ pass: Pass,
    seed: UInt64
  ) -> Row {
    var random = Random(seed: seed, stream: "gradient-check/\(parameter.name)")
    let norm = gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    let along = gradient.map { norm > 0 ? Double($0) / norm : 0 }
    let share = 1 / Double(gradient.count).squareRoot()
    let signs = (0..<3).map { _ in gradient.map { _ in random.uniform() < 0.5 ? share : -share } }
    let weights = values(step, parameter.buffer)
    let size = weights.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    // What float32 leaves uncertain of a loss: some of its last digits.
    let noise = 1e-6 * max(abs(loss), 1e-30)
    let rows = ([along] + signs).map { direction in
      let expected = zip(gradient, direction).reduce(0) { $0 + Double($1.0) * $1.1 }
      return moves.map { move -> Row in
        let reach = move * max(size, 0.1)
        let seen =
          (moved(step, parameter, weights, direction, by: reach, pass)
            - moved(step, parameter, weights, direction, by: -reach, pass)) / (2 * reach)
        let scale = max(abs(expected), abs(seen), noise / reach)
        return Row(
          parameter: parameter.name, gradient: expected, difference: seen,
          error: abs(expected - seen) / scale)
      }.min { $0.error < $1.error }.required("there are moves")
    }
    return rows.max { $0.error < $1.error }.required("there are directions")
  }

  /// The loss with a parameter moved; it is back in its place afterwards.
  private static func moved(
    _ step: TrainingStep, _ parameter: Parameter, _ weights: [Float], _ direction: [Double],
    by reach: Double, _ pass: Pass
  ) -> Double {
    let place = step.memory[parameter.buffer]
    for index in weights.indices {
      place[index] = Float(Double(weights[index]) + reach * direction[index])
    }
    defer { for index in weights.indices { place[index] = weights[index] } }
    return step.forward(pass).loss
  }

  private static func values(_ step: TrainingStep, _ buffer: Buffer) -> [Float] {
    Array(UnsafeBufferPointer(start: step.memory[buffer], count: buffer.count))
  }
}
