import KeelCauses
import KeelNetworks
import KeelRecipes
import KeelTraining

extension Evidence {
  /// The recipe with settings eased that need not be a fault, and yet cost a healthy training much:
  /// more dropout, stronger penalties and a lower rate than is common, weights held close to what
  /// they begin with, a clip that acts on most steps.
  /// - Parameter trace: of a training with the recipe's clips.
  func easingUncommon(_ trace: Trace) -> Recipe {
    let mild: [any Remedy] = [EaseDropout(rate: Reference.dropout), EasePenalty(.usual)]
    var recipe = mild.reduce(problem) { problem, remedy in
      remedy.applied(to: problem).map(problem.with) ?? problem
    }.recipe
    let reference = Reference.learningRate(recipe.optimizer.member)
    // Half a decade is what one trial of a rate is from the next.
    if recipe.optimizer.member.learningRate * 10.0.squareRoot() < reference {
      recipe = recipe.withLearningRate(reference)
    }
    recipe.regularizer.choices.removeAll { choice in
      (choice.ingredient as? MaxNorm).map { $0.limit < ConstrainWeights.tight } ?? false
    }
    let acted = (0..<trace.count).count { trace.clippedNorms[$0] < trace.gradientNorms[$0] * 0.999 }
    if recipe.clipping != [], 2 * acted > trace.count { recipe.clipping = [] }
    return recipe
  }
}
