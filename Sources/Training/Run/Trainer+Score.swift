import Foundation
import KeelData
import KeelNetworks

extension Trainer {
  /// Multiply-adds of a score that even a training which was stopped is given: about two seconds.
  private static let briefScore = 1e10

  /// Whether a score takes no longer than somebody waits who wants to stop.
  var isBrieflyScored: Bool {
    let rows = data.train.count + (data.test?.count ?? 0)
    // The plan's figure is a whole batch's, there and back.
    let forward = trainingStep.plan.multiplyAdds / Double(3 * trainingStep.plan.capacity)
    let row = forward + Double(trainingStep.plan.output.shape.count)
    return Double(rows) * row <= Self.briefScore
  }

  /// Scores the network as it is now, on both parts, in evaluation mode.
  ///
  /// One row of outputs is kept at a time: all of them may be more than memory holds.
  /// - Parameter isCancelled: asked before every batch.
  /// - Returns: nil where it was cancelled.
  package func metric(isCancelled: () -> Bool = { false }) -> Metric? {
    guard let train = score(data.train, isCancelled) else { return nil }
    var test: Double?
    if let part = data.test {
      guard let score = score(part, isCancelled) else { return nil }
      test = score
    }
    return Metric(
      name: data.targets.areScoredAsClasses ? "accuracy" : "r-squared", train: train, test: test)
  }

  /// −∞ where an output is not finite; nil where it was cancelled.
  private func score(_ part: PreparedData.Part, _ isCancelled: () -> Bool) -> Double? {
    data.targets.areScoredAsClasses ? accuracy(part, isCancelled) : rSquared(part, isCancelled)
  }

  private func accuracy(_ part: PreparedData.Part, _ isCancelled: () -> Bool) -> Double? {
    let (width, positions) = (data.targets.width, data.targets.positions)
    var (right, isFinite) = (0, true)
    let isWhole = trainingStep.forEachRow(of: part, data, isCancelled: isCancelled) {
      row, outputs in
      isFinite = isFinite && outputs.allSatisfy(\.isFinite)
      for position in 0..<positions {
        let output = outputs[position * width..<(position + 1) * width]
        let vector = row * positions + position
        let target = part.numbers.isEmpty ? [] : data.target(vector, of: part, width)
        let isRight =
          width == 1
          ? (output[position] >= 0.5) == (target[0] >= 0.5)
          : output.largest == (target.isEmpty ? Int(part.classes[vector]) : target[...].largest)
        right += isRight ? 1 : 0
      }
    }
    guard isWhole else { return nil }
    return isFinite ? Double(right) / Double(part.count * positions) : -.infinity
  }

  private func rSquared(_ part: PreparedData.Part, _ isCancelled: () -> Bool) -> Double? {
    let columns = data.targets.columns
    var means = [Double](repeating: 0, count: columns)
    var (deviations, isConstant) = (0.0, true)
    for row in 0..<part.count {
      let target = data.target(row, of: part, columns)
      for column in 0..<columns { means[column] += Double(target[column]) / Double(part.count) }
    }
    let first = data.target(0, of: part, columns)
    for row in 0..<part.count {
      let target = data.target(row, of: part, columns)
      isConstant = isConstant && target == first
      for column in 0..<columns { deviations += pow(Double(target[column]) - means[column], 2) }
    }
    guard let errors = squaredErrors(of: trainingStep, on: part, isCancelled) else { return nil }
    guard errors < .infinity else { return -.infinity }
    guard isConstant else { return 1 - errors / deviations }
    // Beside a reference that overflows everything would be perfect.
    return referenceErrors(rows: part.count, isCancelled).map {
      $0 < .infinity ? 1 - errors / $0 : .nan
    }
  }

  /// Σ squared error over rows and columns, in the targets' own units; ∞ where an output is not
  /// finite, nil where it was cancelled.
  private func squaredErrors(
    of trainingStep: TrainingStep, on part: PreparedData.Part, _ isCancelled: () -> Bool
  ) -> Double? {
    let columns = data.targets.columns
    var (errors, isFinite) = (0.0, true)
    let isWhole = trainingStep.forEachRow(of: part, data, isCancelled: isCancelled) {
      row, outputs in
      isFinite = isFinite && outputs.allSatisfy(\.isFinite)
      let target = data.target(row, of: part, columns)
      for column in 0..<columns {
        errors += pow(Double(outputs[column]) - Double(target[column]), 2)
      }
    }
    guard isWhole else { return nil }
    return isFinite ? errors : .infinity
  }

  /// Σ squared error of the reference point before training, for targets that never change; of so
  /// many rows.
  private func referenceErrors(rows: Int, _ isCancelled: () -> Bool) -> Double? {
    let reference = recipe.referencePoint
    guard let plan = try? reference.plan(row: data.shape, capacity: trainingStep.plan.capacity),
      let untrained = try? TrainingStep(reference, plan: plan)
    else { return .nan }
    return squaredErrors(of: untrained, on: data.train, isCancelled).map {
      $0 * Double(rows) / Double(data.train.count)
    }
  }
}

extension TrainingStep {
  /// The outputs of every row of a part, one after the other, in evaluation mode: probabilities
  /// where the loss takes logits, the targets' own units where they were standardised.
  ///
  /// Those of a batch in which something was not finite are NaN: a layer may turn an infinity into
  /// a number.
  /// - Parameter isCancelled: asked before every batch.
  /// - Returns: whether it came to the end.
  @discardableResult
  package func forEachRow(
    of part: PreparedData.Part, _ data: PreparedData, isCancelled: () -> Bool = { false },
    _ body: (Int, UnsafeMutableBufferPointer<Float>) -> Void
  ) -> Bool {
    let columns = plan.output.shape.count
    var first = 0
    while first < part.count {
      if isCancelled() { return false }
      let rows = (first..<min(part.count, first + plan.capacity)).map(Int32.init)
      rows.withUnsafeBufferPointer { part.gather($0, plan, memory) }
      let outputs = outputs(rows: rows.count, data.targetScale)
      for index in rows.indices {
        let row = index * columns..<(index + 1) * columns
        body(first + index, UnsafeMutableBufferPointer(rebasing: outputs[row]))
      }
      first += rows.count
    }
    return true
  }

  /// The outputs of the rows of inputs in memory, in evaluation mode, as `forEachRow` gives them;
  /// they stay until the next pass.
  /// - Parameter scale: what brings them back to the targets' own units.
  func outputs(rows: Int, _ scale: Scale?) -> UnsafeMutableBufferPointer<Float> {
    let pass = pass(rows: rows, mode: .evaluation, position: 0)
    let isFinite = plan.forward(pass)
    let outputs = pass.values(plan.output.value)
    guard isFinite, outputs.allSatisfy(\.isFinite) else {
      outputs.update(repeating: .nan)
      return outputs
    }
    recipe.loss.member.link.apply(outputs, columns: plan.output.shape.last)
    guard let scale else { return outputs }
    for index in outputs.indices {
      outputs[index] = scale.original(outputs[index], column: index % scale.mean.count)
    }
    return outputs
  }
}

extension PreparedData {
  /// A row of targets, or a position's of classes as numbers, in their own units; `width` numbers.
  fileprivate func target(_ row: Int, of part: Part, _ width: Int) -> [Float] {
    let first = row * width
    guard let scale = targetScale else { return Array(part.numbers[first..<first + width]) }
    return (0..<width).map { column in
      scale.original(part.numbers[first + column], column: (first + column) % targets.columns)
    }
  }
}

extension OutputLink {
  /// Turns logits into probabilities.
  func apply(_ values: UnsafeMutableBufferPointer<Float>, columns: Int) {
    switch self {
    case .identity: return
    case .sigmoid: for index in values.indices { values[index] = 1 / (1 + exp(-values[index])) }
    case .exponential: for index in values.indices { values[index] = exp(values[index]) }
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

extension Collection<Float> where Index == Int {

  /// Where the largest element stands, from the start; the first of equals.
  fileprivate var largest: Int {
    var best = startIndex
    for index in indices where self[index] > self[best] { best = index }
    return best - startIndex
  }
}
