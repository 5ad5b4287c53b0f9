import Foundation
import KeelData
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import Testing

/// A loss with outputs and targets that fit it.
struct LossCase: CustomTestStringConvertible, Sendable {
  enum Outputs { case logits, probabilities }
  enum Targets { case shares, fractions, numbers }
  let loss: Choice<Losses>
  let outputs: Outputs
  let targets: Targets
  var testDescription: String { loss.name }

  init(_ loss: Choice<Losses>, _ outputs: Outputs, _ targets: Targets) {
    (self.loss, self.outputs, self.targets) = (loss, outputs, targets)
  }

  func batch(rows: Int, columns: Int, _ dice: inout Dice) -> Batch {
    var batch = Batch(outputs: [], targets: [], columns: columns)
    for _ in 0..<rows {
      switch outputs {
      case .logits: batch.outputs += dice.normals(columns, std: 3)
      case .probabilities:
        batch.outputs += (0..<columns).map { _ in Float(dice.uniform(0.01, 0.99)) }
      }
      switch targets {
      case .shares:
        let shares = (0..<columns).map { _ in Float(dice.uniform()) }
        let sum = shares.reduce(0, +)
        batch.targets += shares.map { $0 / sum }
      case .fractions: batch.targets += (0..<columns).map { _ in Float(dice.uniform()) }
      case .numbers: batch.targets += dice.normals(columns, std: 2)
      }
    }
    return batch
  }
}

/// Two rows of three, written out.
struct LossExample: CustomTestStringConvertible, Sendable {
  let loss: Choice<Losses>
  let batch: Batch
  var testDescription: String { "\(loss.name) of \(batch.outputs)" }

  init(_ loss: Choice<Losses>, _ outputs: [Float], _ targets: [Float]) {
    self.loss = loss
    batch = Batch(outputs: outputs, targets: targets, columns: 3)
  }
}

/// Outputs and targets of a batch, row-major.
struct Batch: Sendable {
  var outputs: [Float]
  var targets: [Float]
  let columns: Int
  var rows: Int { outputs.count / columns }

  func mean(_ loss: Choice<Losses>, wantsGradient: Bool = true) -> (
    loss: Double, gradient: [Float], nonFinite: Int
  ) {
    var gradient = [Float](repeating: -7, count: outputs.count)
    let sum = gradient.withUnsafeMutableBufferPointer { gradient in
      withLossBatch(gradient: wantsGradient ? gradient.baseAddress! : nil) { loss.member.mean($0) }
    }
    return (sum.sum, gradient, sum.nonFinite)
  }

  func origin(_ loss: Choice<Losses>) -> NonFiniteOrigin {
    withLossBatch(gradient: nil) { loss.member.origin($0) }
  }

  private func withLossBatch<Result>(
    gradient: UnsafeMutablePointer<Float>?, _ body: (LossBatch) -> Result
  ) -> Result {
    outputs.withUnsafeBufferPointer { outputs in
      targets.withUnsafeBufferPointer { targets in
        body(
          LossBatch(
            outputs: outputs.baseAddress!, targets: targets.baseAddress!, gradient: gradient,
            rows: rows, columns: columns))
      }
    }
  }

  func twin(_ loss: Choice<Losses>) -> (loss: Double, gradient: [Double]) {
    twinLoss(
      loss.member, outputs: outputs.map(Double.init), targets: targets.map(Double.init),
      rows: rows)
  }
}

/// The least loss of one output for all rows, by trying a grid of them: for losses over classes all
/// distributions over three columns, otherwise each column by itself.
func leastConstantLoss(_ loss: Choice<Losses>, _ batch: Batch) -> Double {
  let targets = batch.targets.map(Double.init)
  func mean(_ row: [Double], _ targets: [Double]) -> Double {
    let rows = targets.count / row.count
    let outputs = [[Double]](repeating: row, count: rows).flatMap { $0 }
    return twinLoss(loss.member, outputs: outputs, targets: targets, rows: rows).loss
  }
  if loss.member.isOverClasses {
    precondition(batch.columns == 3, "the grid is over three classes")
    let steps = 100
    return (1..<steps).flatMap { i in
      (1..<steps - i).map { j in
        let shares = [i, j, steps - i - j].map { Double($0) / Double(steps) }
        return mean(loss.member.link == .softmax ? shares.map { log($0) } : shares, targets)
      }
    }.min()!
  }
  let columns = (0..<batch.columns).map { column in
    let values = stride(from: column, to: targets.count, by: batch.columns).map { targets[$0] }
    return (1..<2000).map { step in
      let share = Double(step) / 2000
      let output =
        switch loss.name {
        case "binary-cross-entropy": share
        case "sigmoid-cross-entropy": log(share / (1 - share))
        case "poisson": log(values.min()! + share * (values.max()! - values.min()!))
        default: values.min()! + share * (values.max()! - values.min()!)
        }
      return mean([output], values)
    }.min()!
  }
  return columns.reduce(0, +) / Double(columns.count)
}
