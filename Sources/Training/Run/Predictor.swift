import KeelData
import KeelEngine
import KeelRecipes

/// A network laid out in memory once, to predict with as often as wanted.
///
/// Between two calls the network stays where it is; what a call takes is its rows and outputs. It
/// is for one task at a time.
public final class Predictor {
  /// What it predicts with.
  public let network: Network
  private let trainingStep: TrainingStep

  /// - Throws: `KeelError` where memory does not hold it.
  public convenience init(_ network: Network) throws { try self.init(network, batch: 256) }

  /// - Parameter batch: rows that go through the network together, at most.
  init(_ network: Network, batch: Int) throws {
    self.network = network
    let plan = try network.recipe.plan(row: network.input, capacity: batch)
    trainingStep = try TrainingStep(network.recipe, plan: plan)
    for (tensor, place) in zip(network.tensors, plan.networkTensors) {
      _ = UnsafeMutableBufferPointer(
        start: trainingStep.memory[place.buffer], count: place.buffer.count
      )
      .update(fromContentsOf: tensor.values)
    }
  }

  /// Outputs for rows of inputs: probabilities where the loss takes logits, otherwise numbers in
  /// the targets' own units.
  /// - Parameter rows: as many numbers each as the network has inputs, in the order of training.
  /// - Returns: a row of outputs for each, as many numbers as the model puts out.
  /// - Throws: `KeelError` for a row of another length, and where memory does not hold the outputs.
  public func predict(_ rows: [[Float]]) throws -> [[Float]] {
    try network.check(rows)
    guard !rows.isEmpty else { return [] }
    let data = PreparedData(rows, network)
    var outputs: [[Float]] = []
    outputs.reserveCapacity(rows.count)
    trainingStep.forEachRow(of: data.train, data) { _, row in outputs.append(Array(row)) }
    return outputs
  }
}

extension Network {
  /// - Throws: `KeelError` for rows that it cannot take, or whose outputs memory does not hold.
  func check(_ rows: [[Float]]) throws {
    if let row = rows.firstIndex(where: { $0.count != input.count }) {
      throw KeelError(
        .invalid, at: "row \(row)",
        "has \(rows[row].count) numbers, the network takes \(input.count)",
        fix: "give \(input.count) numbers a row, in the order of training")
    }
    // With what it takes to print them: a number as JSON is some hundred bytes on its way.
    let (count, overflow) = rows.count.multipliedReportingOverflow(by: targets.columns)
    guard !overflow, count <= Planner.memoryLimit / 128 else {
      throw KeelError(
        .invalid, at: "rows", "\(rows.count) rows of \(targets.columns) outputs do not fit memory",
        fix: "predict fewer rows at a time")
    }
    try recipe.checkTokens(rows)
  }
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
