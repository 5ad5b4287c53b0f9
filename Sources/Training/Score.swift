import Foundation
import KeelEngine
import KeelRecipes

/// How good a network is, in a number that can be compared between recipes.
///
/// **Definition** Accuracy where targets are classes, over all positions; otherwise 1 − Σ squared error/Σ squared
/// deviation from the column mean, over rows and columns of the part, in the targets' own units (of
/// probabilities where the loss takes logits). Where the targets are constant: 1 − MSE/MSE of the
/// reference point at step 0.
public struct Metric: Hashable, Codable, Sendable {
  /// `accuracy` or `r-squared`.
  public let name: String
  public let train: Double
  public let test: Double?

  /// The test part's, if there is one.
  public var score: Double { test ?? train }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(train, forKey: .train)
    try container.encode(test, forKey: .test)
  }
}

extension Trainer {
  /// Scores the network as it is now, on both parts, in evaluation mode.
  package func metric() -> Metric {
    Metric(
      name: data.targets.areScoredAsClasses ? "accuracy" : "r-squared",
      train: score(data.train), test: data.test.map(score))
  }

  /// −∞ where an output is not finite.
  private func score(_ part: PreparedData.Part) -> Double {
    if data.targets.areScoredAsClasses { return accuracy(part) }
    let outputs = stepper.outputs(part, data)
    guard outputs.allSatisfy(\.isFinite) else { return -.infinity }
    let columns = data.targets.columns
    return rSquared(outputs, data.original(part.denseTargets(columns: columns)), columns)
  }

  /// Batch by batch: with a class at every position, all outputs at once would not fit memory.
  private func accuracy(_ part: PreparedData.Part) -> Double {
    let width = data.targets.width
    let numbers = data.original(part.numbers)
    var (right, vector, isFinite) = (0, 0, true)
    stepper.forEachBatch(of: part, data) { outputs in
      isFinite = isFinite && outputs.allSatisfy(\.isFinite)
      for start in stride(from: 0, to: outputs.count, by: width) {
        let output = outputs[start..<start + width]
        let target = vector * width..<(vector + 1) * width
        let isRight =
          width == 1
          ? (output[start] >= 0.5) == (numbers[vector] >= 0.5)
          : output.argmax == (numbers.isEmpty ? Int(part.classes[vector]) : numbers[target].argmax)
        right += isRight ? 1 : 0
        vector += 1
      }
    }
    return isFinite ? Double(right) / Double(vector) : -.infinity
  }

  private func rSquared(_ outputs: [Float], _ targets: [Float], _ columns: Int) -> Double {
    let rows = Double(targets.count / columns)
    var means = [Double](repeating: 0, count: columns)
    for index in targets.indices { means[index % columns] += Double(targets[index]) / rows }
    var (errors, deviations) = (0.0, 0.0)
    var isConstant = true
    for index in targets.indices {
      let target = Double(targets[index])
      errors += pow(Double(outputs[index]) - target, 2)
      deviations += pow(target - means[index % columns], 2)
      if targets[index] != targets[index % columns] { isConstant = false }
    }
    return 1 - errors / (isConstant ? referenceErrors(targets) : deviations)
  }

  /// Σ squared error of the reference point before training, for targets that never change.
  private func referenceErrors(_ targets: [Float]) -> Double {
    let reference = recipe.referencePoint
    guard let plan = try? reference.plan(row: data.shape, capacity: stepper.plan.capacity),
      let untrained = try? Stepper(reference, plan: plan)
    else { return .nan }
    let outputs = untrained.outputs(data.train, data)
    let train = data.original(data.train.denseTargets(columns: data.targets.columns))
    let errors = zip(outputs, train).reduce(0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
    return errors * Double(targets.count) / Double(train.count)
  }
}

extension Stepper {
  /// Outputs for every row of a part, in evaluation mode: probabilities where the loss takes logits,
  /// the targets' own units where they were standardised. Row-major.
  package func outputs(_ part: PreparedData.Part, _ data: PreparedData) -> [Float] {
    var result: [Float] = []
    result.reserveCapacity(part.count * plan.output.shape.count)
    forEachBatch(of: part, data) { result += $0 }
    return result
  }

  /// The same, a batch at a time and in order.
  fileprivate func forEachBatch(
    of part: PreparedData.Part, _ data: PreparedData, _ body: ([Float]) -> Void
  ) {
    var first = 0
    while first < part.count {
      let rows = (first..<min(part.count, first + plan.capacity)).map(Int32.init)
      rows.withUnsafeBufferPointer { part.gather($0, plan, memory) }
      let pass = pass(rows: rows.count, mode: .evaluation, position: 0)
      // A layer may turn an infinity into a number: such a batch has no outputs.
      let isFinite = plan.forward(pass)
      var outputs = Array(pass.values(plan.output.value))
      if !isFinite || !outputs.allSatisfy(\.isFinite) {
        outputs = Array(repeating: .nan, count: outputs.count)
      }
      recipe.loss.member.link.apply(&outputs, columns: plan.output.shape.last)
      body(data.original(outputs))
      first += rows.count
    }
  }
}

extension PreparedData {
  /// Targets, or outputs, in their own units.
  func original(_ values: [Float]) -> [Float] {
    guard let scale = targetScale else { return values }
    return values.indices.map { scale.original(values[$0], column: $0 % targets.columns) }
  }
}

extension OutputLink {
  /// Turns logits into probabilities.
  func apply(_ values: inout [Float], columns: Int) {
    switch self {
    case .identity: return
    case .sigmoid: for index in values.indices { values[index] = 1 / (1 + exp(-values[index])) }
    case .softmax:
      for start in stride(from: 0, to: values.count, by: columns) {
        let row = start..<start + columns
        let largest = values[row].max() ?? 0
        for index in row { values[index] = exp(values[index] - largest) }
        let sum = values[row].reduce(0, +)
        for index in row { values[index] /= sum }
      }
    }
  }
}

extension ArraySlice<Float> {
  /// Where the largest element stands, from the slice's start; the first of equals.
  fileprivate var argmax: Int {
    var best = startIndex
    for index in indices where self[index] > self[best] { best = index }
    return best - startIndex
  }
}
