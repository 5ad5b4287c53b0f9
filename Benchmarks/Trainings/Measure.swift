import Foundation
import KeelAuthoring
import KeelBenchmarks

/// What is measured on the rows that a training never saw.
enum Measure: String {
  case accuracy
  case squaredError = "mean squared error"
  /// Of the class at each position, in nats.
  case crossEntropy = "loss, nats a character"

  /// - Throws: `KeelError` where the rows do not fit the network.
  func value(of network: NeuralNetwork, _ parts: DataSplit, _ training: Training) throws -> Double {
    if training.verdict == .exploding { return self == .accuracy ? -.infinity : .infinity }
    let part = parts.test ?? parts.train
    switch (self, part.targets.values) {
    case (.squaredError, .numbers(let targets)):
      let outputs = try network.predict(part.rows).flatMap { $0 }
      let squares = zip(outputs, targets).map { pow(Double($0) - Double($1), 2) }
      return squares.reduce(0, +) / Double(squares.count)
    case (.crossEntropy, .classes(let classes)):
      let outputs = try network.predict(part.rows).flatMap { $0 }
      let width = outputs.count / classes.count
      let losses = classes.indices.map { -log(Double(outputs[$0 * width + Int(classes[$0])])) }
      return losses.reduce(0, +) / Double(losses.count)
    default: return training.score
    }
  }

  func text(_ value: Double) -> String {
    Text.fixed(value, self == .squaredError ? 4 : 3)
  }
}

extension Examples {
  /// Row by row.
  fileprivate var rows: [[Float]] {
    stride(from: 0, to: inputs.count, by: shape.count).map {
      Array(inputs[$0..<$0 + shape.count])
    }
  }
}

/// How often a character follows another: what a model of text has to beat.
///
/// **Definition** p(b | a) = (count(a, b) + 1)/(count(a) + V): add-one smoothing over the V
/// characters of the vocabulary, counted in the rows to train on.
struct Bigram {
  private var counts: [[Double]]

  init(_ text: Examples) {
    let vocabulary = text.targets.names?.count ?? 0
    counts = Array(repeating: Array(repeating: 1, count: vocabulary), count: vocabulary)
    text.forEachPair { counts[$0][$1] += 1 }
  }

  /// The mean of −ln p over all characters, in nats.
  func loss(_ text: Examples) -> Double {
    let totals = counts.map { $0.reduce(0, +) }
    var (sum, count) = (0.0, 0.0)
    text.forEachPair { first, second in
      sum -= log(counts[first][second] / totals[first])
      count += 1
    }
    return sum / count
  }
}

extension Examples {
  /// Each character and the one behind it.
  fileprivate func forEachPair(_ body: (Int, Int) -> Void) {
    guard case .classes(let classes) = targets.values else { return }
    for (first, second) in zip(inputs, classes) { body(Int(first), Int(second)) }
  }
}
