import KeelEngine
import KeelNetworks

extension Trainer {
  package var size: RunSize {
    RunSize(
      trainRows: data.train.count, testRows: data.test?.count ?? 0,
      droppedRows: problem.rows.train.leftOut,
      outlyingTestRow: problem.rows.test.flatMap { test in
        recipe.outliers(in: test).worst.map { test.number(ofRow: $0.row) }
      },
      hasOneTarget: baseline.hasOneTarget,
      parameters: trainingStep.plan.parameters.reduce(0) { $0 + $1.shape.count },
      hasLoneRow: hasLoneRow, batch: batches.size,
      steps: batches.total,
      plannedBytes: trainingStep.plan.floats * 4
        + SnapshotRing.bytes(floats: trainingStep.plan.persistentFloats)
        + Trace.bytes(layers: trace.layers.count, probes: trace.probes.count, total: batches.total))
  }

  private var hasLoneRow: Bool {
    let smallest = (0..<batches.stepsPerEpoch).map { batches.count(at: $0) }.min() ?? 0
    return trainingStep.plan.operations.contains {
      $0.layer.hasPrefix("\(BatchNorm.name)-") && $0.output.shape.leading * smallest == 1
    }
  }
}
