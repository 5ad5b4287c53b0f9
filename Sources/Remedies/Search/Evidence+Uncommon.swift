import KeelCauses
import KeelNetworks
import KeelRecipes
import KeelTraining

extension Evidence {
  /// The recipe with settings eased that need not be a fault, and yet cost a healthy training much:
  /// more dropout, stronger penalties and a lower rate than is common, weights held close to what
  /// they begin with, a clip that acts on most steps.
  /// - Parameters:
  ///   - trace: of a training with the recipe's clips.
  ///   - isWhole: nothing is left of dropout and penalties, be they as they are common: what one
  ///     layer bears, five of them may not.
  func easingUncommon(_ trace: Trace, isWhole: Bool = false) -> Recipe {
    let easing: [any Remedy] =
      isWhole
      ? [EaseDropout(rate: 0), EasePenalty(nil)]
      : [EaseDropout(rate: ReferencePoint.dropout), EasePenalty(.usual)]
    var recipe = easing.reduce(problem) { problem, remedy in
      remedy.applied(to: problem).map(problem.with) ?? problem
    }.recipe
    let reference = ReferencePoint.learningRate(recipe.optimizer.member)
    // Half a decade is what one trial of a rate is from the next.
    if recipe.optimizer.member.learningRate * 10.0.squareRoot() < reference {
      recipe = recipe.withLearningRate(reference)
    }
    recipe.regularizer.choices.removeAll { choice in
      (choice.ingredient as? MaxNorm).map { $0.limit < ConstrainWeights.tight } ?? false
    }
    if recipe.clipping != [], trace.clippedShare(of: 0..<trace.count) > 0.5 { recipe.clipping = [] }
    return recipe
  }
}
