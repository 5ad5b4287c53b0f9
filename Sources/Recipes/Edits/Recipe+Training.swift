import KeelNetworks
import KeelSettings

// At which rate a recipe trains, and for how long.

extension Recipe {
  /// The same recipe at another rate.
  public func withLearningRate(_ rate: Double) -> Recipe {
    var recipe = self
    var optimizer = recipe.optimizer.member
    optimizer.learningRate = rate
    recipe.optimizer = Choice(optimizer)
    return recipe
  }

  /// The same recipe with other real numbers for its optimizer, by name; those it has not are left
  /// out.
  package func changingOptimizer(_ numbers: [String: Double]) -> Recipe {
    var recipe = self
    recipe.optimizer = Choice(
      optimizer.ingredient.changingNumbers { name, value in numbers[name] ?? value })
    return recipe
  }

  /// The same recipe with nothing kept of past gradients; nil where its optimizer has no momentum
  /// that can be 0.
  package var withoutMomentum: Recipe? {
    guard var sgd = optimizer.ingredient as? SGD else { return nil }
    (sgd.momentum, sgd.nesterov) = (0, false)
    var recipe = self
    recipe.optimizer = Choice(sgd)
    return recipe
  }

  /// The same recipe with as many epochs as give at least `steps` steps.
  package func lasting(_ steps: Int, rows: Int) -> Recipe {
    let perEpoch = max(1, rows / max(1, min(training.batch, rows)))
    var recipe = self
    recipe.training.epochs = max(training.epochs, (steps + perEpoch - 1) / perEpoch)
    recipe.training.maxSteps = training.maxSteps.map { max($0, steps) }
    return recipe
  }
}
