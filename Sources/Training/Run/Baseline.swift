import Foundation
import KeelData
import KeelNetworks

/// What a loss is held against.
public struct Baseline: Hashable, Sendable {
  /// L_const: the training loss of the best output that is the same for every row; where an output
  /// has positions, each has its own.
  public let constant: Double
  /// L₀: the loss of the initial network over at least 256 training rows (all, if fewer).
  public let initial: Double
  /// B: L_const, or L₀ where the targets are constant.
  public let reference: Double
  /// Whether all targets are the same.
  let hasOneTarget: Bool

  /// Whether the loss has a floor at zero; log-likelihoods have none.
  private let hasFloor: Bool

  /// What divergence is measured in: max(B, L₀), and B where the untrained network gave no finite
  /// loss; max(L₀ − B, 1) of a loss without a floor.
  public var scale: Double {
    guard hasFloor else { return max(initial.isFinite ? initial - reference : 0, 1) }
    return initial.isFinite ? max(reference, initial) : reference
  }

  /// What divergence is measured from: 0, and B of a loss without a floor.
  package var floor: Double { hasFloor ? 0 : reference }

  /// S = 1 − loss/B, and 1 − exp(loss − B) of a loss without a floor.
  ///
  /// 0 where B is 0 (a loss that cannot be anything else teaches nothing), less than the losses of
  /// a trace can be told apart in (subnormal in float32), or infinite (beside which every loss is
  /// small).
  public func skill(_ loss: Double) -> Double {
    guard hasFloor else { return reference.isFinite ? 1 - exp(loss - reference) : 0 }
    return reference >= Double(Float.leastNormalMagnitude) && reference.isFinite
      ? 1 - loss / reference : 0
  }

  /// Of a training that runs elsewhere.
  /// - Parameter constant: nil where nobody knows it: B is L₀ then.
  /// - Parameter hasFloor: false where a loss below zero was seen.
  package init(constant: Double?, initial: Double, hasFloor: Bool = true) {
    self.constant = constant ?? initial
    self.initial = initial
    reference = constant.flatMap { $0 == 0 ? nil : $0 } ?? initial
    hasOneTarget = constant == 0
    self.hasFloor = hasFloor && !(reference < 0 || initial < 0)
  }

  init(_ trainingStep: TrainingStep, _ data: PreparedData, _ batches: inout Batches, loss: any Loss)
  {
    let kind = data.targets
    var (sum, isConstant) = (0.0, true)
    for position in 0..<kind.positions {
      if data.train.numbers.isEmpty {
        // One-hot they might be more than memory holds.
        let counts = data.train.classCounts(at: position, kind)
        sum += loss.constantLoss(counts: counts, classes: kind.width)
        isConstant = isConstant && counts.count == 1
      } else {
        let targets = Self.finiteRows(data.train.targets(at: position, kind), kind.width)
        sum += loss.constantLoss(targets, columns: kind.width)
        isConstant = isConstant && Self.isConstant(targets, columns: kind.width)
      }
    }
    constant = sum / Double(kind.positions)
    initial = Self.initialLoss(trainingStep, data, &batches)
    reference = isConstant || constant == 0 ? initial : constant
    hasOneTarget = isConstant
    hasFloor = loss.hasFloor && !(reference < 0 || initial < 0)
  }

  /// Of the targets of all rows those that are numbers; all of them where none is.
  private static func finiteRows(_ targets: [Float], _ width: Int) -> [Float] {
    if targets.allSatisfy(\.isFinite) { return targets }
    let rows = stride(from: 0, to: targets.count, by: width).map { targets[$0..<$0 + width] }
    let finite = rows.filter { $0.allSatisfy(\.isFinite) }.flatMap { $0 }
    return finite.isEmpty ? targets : finite
  }

  private static func isConstant(_ targets: [Float], columns: Int) -> Bool {
    (columns..<max(columns, targets.count)).allSatisfy { targets[$0] == targets[$0 - columns] }
  }

  /// The mean over the first batches of the first epoch, in training mode; nothing is changed by
  /// it.
  ///
  /// A batch whose loss is not finite tells nothing and is passed over.
  private static func initialLoss(
    _ trainingStep: TrainingStep, _ data: PreparedData, _ batches: inout Batches
  ) -> Double {
    var (sum, rows, step) = (0.0, 0, 0)
    while rows < 256, step < batches.stepsPerEpoch {
      batches.withRows(at: step) { data.train.gather($0, trainingStep.plan, trainingStep.memory) }
      let count = batches.count(at: step)
      let pass = trainingStep.pass(rows: count, mode: .training, position: step)
      let loss = trainingStep.forward(pass).loss
      step += 1
      guard loss.isFinite else { continue }
      sum += loss * Double(count)
      rows += count
    }
    return rows == 0 ? .infinity : sum / Double(rows)
  }
}
