import KeelCauses
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelTraining

/// An optimizer whose steps do not depend on how large gradients are: Adam.
///
/// Each parameter moves by about the rate in a step, however steep its slope.
///
/// **References** Kingma and Ba, ICLR 2015.
public struct AdaptLearningRate: Remedy {
  public static let name = "adapt-learning-rate"
  public static let summary = "Adam in place of the optimizer"
  public static let undoes = [LargeLearningRate.name]
  public static let mayHelp = [UnscaledData.name]
  public static let price = Price(
    invasiveness: 1, timePerStep: 1.2, risk: "two more numbers a parameter; may generalise less")
  public static let isHot = true

  /// The learning rate that Adam is given.
  public let rate: Double

  public init(rate: Double) { self.rate = rate }

  public static func recipeToMeasure(_ evidence: Evidence) -> Recipe? {
    guard !(evidence.recipe.optimizer.ingredient is Adam) else { return nil }
    return AdaptLearningRate(rate: Adam().learningRate).changed(evidence.recipe)
  }

  /// Well below the largest rate that Adam was seen to hold for forty steps (at its edge its steps
  /// are as large as the weights), and no more than ten times its reference.
  public static func candidates(for evidence: Evidence) -> [AdaptLearningRate] {
    guard !(evidence.recipe.optimizer.ingredient is Adam) else { return [] }
    let reference = Adam().learningRate
    if evidence.problem.engine != nil {
      return [reference, rounded(reference / 3)].map(AdaptLearningRate.init)
    }
    return LowerLearningRate.rates(below: evidence.learningRateLimit, for: Adam.self)
      .filter { $0 <= 10 * reference }.prefix(3).map(AdaptLearningRate.init)
  }

  public func applied(to problem: Problem) -> Recipe? {
    let changed = changed(problem.recipe)
    return changed == problem.recipe ? nil : changed
  }

  private func changed(_ recipe: Recipe) -> Recipe {
    var recipe = recipe
    recipe.optimizer = .adam(learningRate: rate)
    return recipe
  }
}
