import KeelData
import KeelEngine
import KeelRecipes

/// A network laid out in memory once, to predict with as often as wanted.
///
/// Between two calls the network stays where it is; what a call takes is its rows and outputs. It
/// is for one task at a time.
public final class Predictor {
  /// What it predicts with.
  public let network: NeuralNetwork
  private let trainingStep: TrainingStep
  private let takesTokens: Bool

  /// - Throws: `KeelError` where memory does not hold it.
  public convenience init(_ network: NeuralNetwork) throws { try self.init(network, batch: 256) }

  /// - Parameter batch: rows that go through the network together, at most.
  init(_ network: NeuralNetwork, batch: Int) throws {
    self.network = network
    takesTokens = network.recipe.vocabulary != nil
    let plan = try network.recipe.plan(row: network.input, capacity: batch)
    trainingStep = try TrainingStep(network.recipe, plan: plan)
    for (tensor, place) in zip(network.tensors, plan.networkTensors) {
      trainingStep.write(tensor, at: place)
    }
  }

  /// Outputs for rows of inputs: probabilities where the loss takes logits, otherwise numbers in
  /// the targets' own units.
  /// - Parameter rows: as many numbers each as the network has inputs, in the order of training.
  /// - Returns: a row of outputs for each, as many numbers as the model puts out.
  /// - Throws: `KeelError` for a row of another length, and where memory does not hold the outputs.
  public func predict(_ rows: [[Float]]) throws -> [[Float]] {
    try network.check(rows)
    var outputs: [[Float]] = []
    outputs.reserveCapacity(rows.count)
    for first in stride(from: 0, to: rows.count, by: trainingStep.plan.capacity) {
      let batch = rows[first..<min(rows.count, first + trainingStep.plan.capacity)]
      for (place, row) in batch.enumerated() {
        row.withUnsafeBufferPointer { put($0, at: place) }
      }
      let all = forward(rows: batch.count)
      for place in batch.indices {
        let start = (place - first) * network.targets.columns
        outputs.append(Array(all[start..<start + network.targets.columns]))
      }
    }
    return outputs
  }

  /// The same into memory that is there: nothing is allocated where `outputs` is as long as they
  /// are; it is made so where it is not.
  /// - Parameters:
  ///   - inputs: rows one after the other, in the order of training.
  ///   - outputs: gets the outputs, row after row.
  /// - Throws: `KeelError` where the inputs are no whole rows, or no token ids where the network
  ///   takes those.
  public func predict(_ inputs: [Float], into outputs: inout [Float]) throws {
    let (width, columns) = (network.input.count, network.targets.columns)
    guard inputs.count.isMultiple(of: width) else {
      throw KeelError(
        .invalid, at: "inputs", "\(inputs.count) numbers are no rows of \(width)",
        fix: "give \(width) numbers a row, in the order of training")
    }
    if takesTokens {
      try network.check(
        stride(from: 0, to: inputs.count, by: width).map { Array(inputs[$0..<$0 + width]) })
    }
    let count = inputs.count / width
    if outputs.count != count * columns {
      outputs = [Float](repeating: 0, count: count * columns)
    }
    inputs.withUnsafeBufferPointer { inputs in
      outputs.withUnsafeMutableBufferPointer { outputs in
        var first = 0
        while first < count {
          let rows = min(count - first, trainingStep.plan.capacity)
          put(UnsafeBufferPointer(rebasing: inputs[first * width..<(first + rows) * width]), at: 0)
          let all = forward(rows: rows)
          _ = UnsafeMutableBufferPointer(rebasing: outputs[(first * columns)...])
            .update(fromContentsOf: all)
          first += rows
        }
      }
    }
  }

  /// Lays rows of inputs where the network reads them, from a row of the batch on.
  private func put(_ rows: UnsafeBufferPointer<Float>, at row: Int) {
    let input = trainingStep.memory[trainingStep.plan.input.value] + row * network.input.count
    let place = UnsafeMutableBufferPointer(start: input, count: rows.count)
    _ = place.update(fromContentsOf: rows)
    network.inputScale?.standardize(place)
  }

  private func forward(rows: Int) -> UnsafeMutableBufferPointer<Float> {
    trainingStep.outputs(rows: rows, network.targetScale)
  }
}

extension NeuralNetwork {
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
