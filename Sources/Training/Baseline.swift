import KeelEngine
import KeelRecipes

/// What a loss is held against.
public struct Baseline: Hashable, Sendable {
  /// L_const: the training loss of the best constant output.
  public let constant: Double
  /// L₀: the loss of the initial network over at least 256 training rows (all, if fewer).
  public let initial: Double
  /// B: L_const, or L₀ where the targets are constant.
  public let reference: Double

  /// max(B, L₀), what divergence is measured in.
  public var scale: Double { max(reference, initial) }

  /// S = 1 − loss/B.
  public func skill(_ loss: Double) -> Double { 1 - loss / reference }

  init(_ stepper: Stepper, _ data: PreparedData, _ batches: inout Batches, loss: any Loss) {
    let columns = data.targets.columns
    let targets = data.train.denseTargets(columns: columns)
    constant = loss.constantLoss(targets, columns: columns)
    initial = Self.initialLoss(stepper, data, &batches)
    let isConstant = (columns..<max(columns, targets.count)).allSatisfy {
      targets[$0] == targets[$0 - columns]
    }
    reference = isConstant ? initial : constant
  }

  /// The mean over the first batches of the first epoch, in training mode; nothing is changed by it.
  private static func initialLoss(
    _ stepper: Stepper, _ data: PreparedData, _ batches: inout Batches
  ) -> Double {
    var (sum, rows, step) = (0.0, 0, 0)
    while rows < 256, step < batches.stepsPerEpoch {
      batches.withRows(at: step) { data.train.gather($0, stepper.plan, stepper.memory) }
      let count = batches.count(at: step)
      let pass = stepper.pass(rows: count, mode: .training, position: step)
      sum += stepper.forward(pass).loss * Double(count)
      rows += count
      step += 1
    }
    return sum / Double(rows)
  }
}
