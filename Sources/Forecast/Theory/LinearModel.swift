import CKernels
import Foundation
import KeelEngine
import KeelNetworks
import KeelRecipes

/// A model whose loss is a quadratic, so that its fate can be computed: one dense layer under
/// squared error.
///
/// **Definition** The Hessian of a column is (2/columns)·X̃ᵀX̃/rows, X̃ the inputs with a 1 for the
/// bias (plus 2λ for an L2 penalty). The component of the loss along its largest eigenvector, worth
/// (g·v)²/2λ before training, is multiplied by ρ² a step; ρ = |ηλ − 1| for plain gradient descent.
/// T ≈ (ln 3.4e38 − ln L)/(2 ln ρ).
///
/// **References** NUMBERS §2 of this project: predicted and seen 16.6/17, 9.3/9, 7.5/8, 32/36.
package struct LinearModel: Sendable {
  /// The largest eigenvalue over the whole training part.
  package let sharpness: Double
  /// What the loss begins with along its eigenvector.
  package let component: Double
  private let optimizer: SGD

  /// Nil where the recipe is not of this kind.
  package init?(_ virtualTrainer: VirtualTrainer) {
    let (recipe, plan) = (virtualTrainer.recipe, virtualTrainer.plan)
    guard let sgd = recipe.optimizer.ingredient as? SGD, plan.operations.count == 1,
      recipe.loss.ingredient is MeanSquaredError, recipe.clipping.choices.isEmpty,
      recipe.schedule.member.follower() == nil,
      recipe.regularizer.choices.allSatisfy({ $0.ingredient is L2 }),
      plan.input.shape.leading == 1, recipe.leaves.contains(where: { $0.ingredient is Dense }),
      // Targets as numbers, and their errors: classes one-hot may be more than memory holds.
      Shape(virtualTrainer.trainer.data.train.count, plan.output.shape.count).count <= 1 << 26
    else { return nil }
    optimizer = sgd
    let penalty = recipe.regularizer.choices.reduce(0) { $0 + $1.member.penalty.l2 }
    let hessian = Hessian(virtualTrainer, penalty: penalty)
    let start = hessian.gradient(of: 0)
    let found = Lanczos(start: start, steps: 40, tolerance: 1e-5) {
      $1 = hessian.product($0)
      return true
    }
    guard let found, found.value > 0 else { return nil }
    sharpness = found.value
    component = (0..<hessian.columns).reduce(0) { sum, column in
      let gradient = hessian.gradient(of: column)
      let along = keel_dot(gradient, found.vector, gradient.count)
      return sum + along * along / (2 * found.value)
    }
  }

  /// What becomes of it, step by step.
  package struct Fate: Hashable, Sendable {
    /// The step in which the loss passes the edge for good; nil where it does not.
    package let passes: Int?
    /// The step whose loss no longer fits float32; nil where that is after the end.
    package let dies: Int?
  }

  /// The component after so many steps of the mean batch; never more than the whole loss.
  package func component(_ recipe: Recipe, after steps: Int, of total: Int) -> Double {
    let schedule = recipe.schedule.member
    let growths = (0..<steps).map { step in
      let rate = schedule.learningRate(optimizer.learningRate, at: step, of: total)
      return 2 * log(optimizer.growth(sharpness: sharpness, learningRate: rate))
    }
    return component * exp(growths.reduce(0, +))
  }

  /// - Parameters:
  ///   - edge: the loss of a divergence.
  ///   - horizon: how far to look for the death; a training that is stopped at its end never sees
  ///     it.
  package func fate(_ recipe: Recipe, edge: Double, total: Int, horizon: Int) -> Fate {
    let schedule = recipe.schedule.member
    let rate = optimizer.learningRate
    guard component > 0, edge > 0 else { return Fate(passes: nil, dies: nil) }
    var logLoss = log(component)
    var (passes, dies): (Int?, Int?) = (nil, nil)
    for step in 0..<min(max(total, horizon), 1_000_000) {
      if logLoss <= log(edge), step < total { passes = nil }
      if logLoss > log(edge), step < total { passes = passes ?? step }
      if logLoss > log(Double(Float.greatestFiniteMagnitude)) {
        dies = step
        break
      }
      let now = schedule.learningRate(rate, at: step, of: total)
      logLoss += 2 * log(optimizer.growth(sharpness: sharpness, learningRate: now))
      guard logLoss.isFinite else { break }
    }
    return Fate(passes: passes, dies: dies)
  }

  /// Products with the exact Hessian of one column, and gradients at the start.
  private struct Hessian {
    let inputs: [Float]
    let rows, width, columns: Int
    let hasBias: Bool
    /// y − t, row-major.
    let errors: [Float]
    let weights: [Float]
    let penalty: Double

    init(_ virtualTrainer: VirtualTrainer, penalty: Double) {
      let part = virtualTrainer.trainer.data.train
      let memory = virtualTrainer.trainingStep.memory
      (inputs, rows) = (part.inputs, part.count)
      width = virtualTrainer.plan.input.shape.count
      columns = virtualTrainer.plan.output.shape.count
      hasBias = virtualTrainer.plan.parameters.count > 1
      self.penalty = penalty
      virtualTrainer.reset()
      weights = Array(
        UnsafeBufferPointer(
          start: memory[virtualTrainer.plan.parameters[0].buffer], count: width * columns))
      var outputs = part.denseTargets(columns: columns)
      if hasBias {
        let bias = memory[virtualTrainer.plan.parameters[1].buffer]
        for index in outputs.indices { outputs[index] -= bias[index % columns] }
      }
      keel_gemm(0, 1, rows, columns, width, 1, inputs, weights, -1, &outputs)
      errors = outputs
    }

    /// X̃ᵀe·2/(rows·columns).
    private func pulledBack(_ error: [Float]) -> [Float] {
      var result = [Float](repeating: 0, count: width + (hasBias ? 1 : 0))
      let factor = 2 / Double(rows * columns)
      keel_gemm(0, 0, 1, width, rows, Float(factor), error, inputs, 0, &result)
      if hasBias { result[width] = Float(factor * error.reduce(0) { $0 + Double($1) }) }
      return result
    }

    func product(_ vector: [Float]) -> [Float] {
      var image = [Float](repeating: hasBias ? vector[width] : 0, count: rows)
      keel_gemm(0, 1, rows, 1, width, 1, inputs, vector, 1, &image)
      var result = pulledBack(image)
      for index in 0..<width { result[index] += Float(2 * penalty) * vector[index] }
      return result
    }

    func gradient(of column: Int) -> [Float] {
      var result = pulledBack((0..<rows).map { errors[$0 * columns + column] })
      for index in 0..<width {
        result[index] += Float(2 * penalty) * weights[column * width + index]
      }
      return result
    }
  }
}
