import Foundation
import KeelEngine
import KeelRecipes

/// How good a network is, in a number that can be compared between recipes.
///
/// **Definition** Accuracy where targets are classes; otherwise 1 − Σ squared error/Σ squared
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
    let columns = data.targets.columns
    let outputs = stepper.outputs(part, data)
    guard outputs.allSatisfy(\.isFinite) else { return -.infinity }
    let targets = data.original(part.denseTargets(columns: columns))
    return data.targets.areScoredAsClasses
      ? accuracy(outputs, targets, columns) : rSquared(outputs, targets, columns)
  }

  private func accuracy(_ outputs: [Float], _ targets: [Float], _ columns: Int) -> Double {
    let rows = outputs.count / columns
    let right = (0..<rows).count { row in
      let range = row * columns..<(row + 1) * columns
      return columns == 1
        ? (outputs[row] >= 0.5) == (targets[row] >= 0.5)
        : outputs[range].argmax == targets[range].argmax
    }
    return Double(right) / Double(rows)
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
    let columns = plan.output.shape.count
    var result: [Float] = []
    result.reserveCapacity(part.count * columns)
    var first = 0
    while first < part.count {
      let rows = (first..<min(part.count, first + plan.capacity)).map(Int32.init)
      rows.withUnsafeBufferPointer { part.gather($0, plan, memory) }
      let pass = pass(rows: rows.count, mode: .evaluation, position: 0)
      // A layer may turn an infinity into a number: such a batch has no outputs.
      let isFinite = plan.forward(pass)
      let outputs = pass.values(plan.output.value)
      if isFinite, outputs.allSatisfy(\.isFinite) {
        result.append(contentsOf: outputs)
      } else {
        result.append(contentsOf: repeatElement(.nan, count: outputs.count))
      }
      first += rows.count
    }
    recipe.loss.member.link.apply(&result, columns: columns)
    return data.original(result)
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
