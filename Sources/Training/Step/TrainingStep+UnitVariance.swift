import CKernels
import KeelData
import KeelEngine
import KeelRecipes

// What is left to do for initializers that need data (`lsuv`), before the first step.

extension TrainingStep {
  /// Scales every weight that needs data until its layer's output has variance 1 on rows spread
  /// over the training part.
  ///
  /// They are the same rows for the same data, so the weights are the same.
  func fitToData(_ data: PreparedData) throws {
    guard plan.parameters.contains(where: \.needsData) else { return }
    let rows = data.train.count
    // A small batch says little of a variance: where memory allows, it is taken over 256 rows.
    let plan = try recipe.widePlan(256, rows: rows, row: data.shape, beside: plan)
    let wide = try TrainingStep(recipe, plan: plan)
    let count = min(rows, plan.capacity)
    let sample = (0..<count).map { Int32($0 * rows / count) }
    sample.withUnsafeBufferPointer { data.train.gather($0, plan, wide.memory) }
    wide.unitVariance(wide.pass(rows: count, mode: .training, position: 0))
    keel_copy(wide.memory.base, memory.base, plan.count(.parameters), 0)
  }

  /// Operation by operation, over the rows in memory: what lies before one is done when it is
  /// fitted.
  private func unitVariance(_ pass: Pass) {
    for operation in plan.operations {
      _ = operation.forward(pass)
      let weights = plan.parameters.filter {
        $0.needsData && operation.parameters.contains($0.buffer)
      }
      guard !weights.isEmpty else { continue }
      for _ in 0..<10 {
        let variance = Self.variance(pass.values(operation.output.value))
        guard variance > 0, variance.isFinite, abs(variance - 1) >= 0.1 else { break }
        for weight in weights {
          _ = keel_scale(memory[weight.buffer], weight.buffer.count, 1 / variance.squareRoot())
        }
        _ = operation.forward(pass)
      }
    }
  }

  /// Of what is finite, for a bad row of the data must not blind it; NaN where nothing is.
  private static func variance(_ values: UnsafeMutableBufferPointer<Float>) -> Double {
    var (sum, squares, count) = (0.0, 0.0, 0.0)
    for value in values where value.isFinite {
      sum += Double(value)
      count += 1
    }
    for value in values where value.isFinite {
      squares += (Double(value) - sum / count) * (Double(value) - sum / count)
    }
    return squares / count
  }
}

extension Recipe {
  /// A plan for as many rows as something is measured over, or for fewer, down to those of a batch,
  /// where it would take more memory than the training's own and more than 256 MB.
  package func widePlan(_ wanted: Int, rows: Int, row: Shape, beside plan: Plan) throws -> Plan {
    var capacity = min(rows, max(wanted, plan.capacity))
    while capacity > plan.capacity {
      if let wide = try? self.plan(row: row, capacity: capacity),
        wide.floats <= max(plan.floats, 1 << 26)
      {
        return wide
      }
      capacity = max(plan.capacity, capacity / 2)
    }
    return try self.plan(row: row, capacity: capacity)
  }
}
