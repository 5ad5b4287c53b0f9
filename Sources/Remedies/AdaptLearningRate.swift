import KeelCauses
import KeelNetworks
import KeelRecipes

/// An optimizer whose steps do not depend on how large gradients are: Adam.
///
/// Each parameter moves by about the rate in a step, however steep its slope.
///
/// **References** Kingma and Ba, ICLR 2015.
public struct AdaptLearningRate: Remedy {
  public static let name = "adapt-learning-rate"
  public static let summary = "Adam in place of the optimizer"
  public static let treats = [LargeLearningRate.name, UnscaledData.name, PoorInitialization.name]
  public static let price = Price(
    invasiveness: 1, timePerStep: 1.2, risk: "two more numbers a parameter; may generalise less")
  public static let isHot = true

  /// The learning rate that Adam is given.
  public let rate: Double

  public init(rate: Double) { self.rate = rate }

  /// Well below the largest rate that Adam was seen to hold for forty steps (at its edge its steps
  /// are as large as the weights), and no more than ten times its reference.
  public static func candidates(for patient: Patient) -> [AdaptLearningRate] {
    guard !(patient.recipe.optimizer.ingredient is Adam) else { return [] }
    let reference = Adam().learningRate
    var recipe = patient.recipe
    recipe.optimizer = .adam(learningRate: reference)
    return LowerLearningRate.rates(below: patient.with(recipe).learningRateLimit, for: Adam.self)
      .filter { $0 <= 10 * reference }.prefix(3).map(AdaptLearningRate.init)
  }

  public func applied(to subject: Subject) -> Recipe? {
    let changed = changed(subject.recipe)
    return changed == subject.recipe ? nil : changed
  }

  private func changed(_ recipe: Recipe) -> Recipe {
    var recipe = recipe
    recipe.optimizer = .adam(learningRate: rate)
    return recipe
  }

  public func lines(for framework: ExportTarget, in recipe: Recipe) -> [String] {
    framework.optimizerLines(of: changed(recipe))
  }
}
