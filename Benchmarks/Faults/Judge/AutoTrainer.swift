import KeelEngine
import KeelFaults
import KeelNetworks
import KeelRecipes
import KeelRemedies
import KeelSettings
import KeelTraining

/// The published rules and list of repairs for exploding gradients of another system.
///
/// It looks at epoch ends: NaN, a loss of 1e3 and more, or a gradient of the first layer above 70
/// times that of the last. What it finds it repairs by the next on its list, each with a full
/// training.
///
/// **References** Zhang et al., *AutoTrainer*, ICSE 2021, §3 and table 2.
struct AutoTrainer {
  let recipe: Recipe

  init(_ recipe: Recipe) { self.recipe = recipe }

  private static let ratio: Float = 70
  private static let loss: Float = 1e3

  func answer() throws -> Answer {
    var (attempt, steps, problem) = (recipe, 0, false)
    var verdict = Verdict.exploding
    var score = -Double.infinity
    for repair in [nil] + Self.repairs {
      if let repair { attempt = repair(recipe) }
      do {
        let result = try Self.train(attempt)
        steps += result.steps
        problem = problem || result.isProblem
        (verdict, score) = (result.verdict, result.score)
        if !result.isProblem { break }
      } catch is KeelError { continue }
    }
    return Answer(
      saysExploding: problem, isCured: problem && verdict == .healthy, score: score, steps: steps)
  }

  private static func train(_ recipe: Recipe) throws -> (
    verdict: Verdict, score: Double, steps: Int, isProblem: Bool
  ) {
    let trainer = try Trainer(Problem(recipe), keepsSnapshots: false)
    var isProblem = false
    while !trainer.isOver {
      for _ in 0..<trainer.batches.stepsPerEpoch where !trainer.isOver { trainer.advance() }
      isProblem = isProblem || looksBad(trainer)
      if isProblem { break }
    }
    let training = trainer.train(steps: 0)
    return (training.verdict, training.score, training.steps, isProblem)
  }

  /// At the end of an epoch.
  private static func looksBad(_ trainer: Trainer) -> Bool {
    let trace = trainer.trace
    let loss = trace.losses[trace.count - 1]
    if !(loss < Self.loss) || trainer.explosion?.kind == .nonFinite { return true }
    guard let first = trace.layers.first, let last = trace.layers.last,
      let top = trace.series(GradientNorm.self, layer: first).last,
      let bottom = trace.series(GradientNorm.self, layer: last).last
    else { return false }
    return top > ratio * bottom
  }

  // MARK: repairs

  private static let repairs: [(@Sendable (Recipe) -> Recipe)?] = [
    { $0.with(.selu, .lecun()) }, { $0.with(.relu, .he()) }, { $0.clipped(10) }, { $0.clipped(9) },
    { $0.with(.tanh, .he()) },
    { recipe in
      return (try? Problem(recipe)).flatMap { NormalizeBatches().applied(to: $0) } ?? recipe
    },
  ]
}

extension Recipe {
  /// Every hidden activation and every initializer replaced.
  fileprivate func with(
    _ activation: Choice<Layers>, _ initializer: Choice<Initializers>
  ) -> Recipe {
    var count = leaves.count
    if leaves.last?.ingredient is any Activation { count -= 1 }
    var index = 0
    var recipe = replacingLeaves { choice in
      index += 1
      return choice.ingredient is any Activation && index <= count ? [activation] : [choice]
    }
    recipe.initializer = initializer
    return recipe
  }

  fileprivate func clipped(_ limit: Double) -> Recipe {
    var recipe = self
    recipe.clipping = [.value(limit)]
    return recipe
  }
}
