import Foundation
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining

/// A penalty or a decay of weights is so strong that it throws them about, or leaves none.
///
/// **Definition** What is taken from a weight in one step: 2·rate·λ for a penalty λ Σ w² and
/// rate·decay for a decay of its own; or the penalty on the initial weights, over half of the loss
/// that training begins with. Above 0.1 of a weight a step it deviates, and above half of the loss;
/// above 2 the weights grow by it alone. The rate is the largest of the schedule. A decay λ of its
/// own leaves weights of 1/λ at most, as its optimizers take steps of the rate's size: it deviates
/// above 0.5, whatever the rate. The reset takes penalties and decay away; a limit on norms stays.
///
/// **References** Krogh and Hertz, 1991; Loshchilov and Hutter, *Decoupled weight decay
/// regularization*, ICLR 2019.
public enum ExcessivePenalty: Cause {
  public static let name = "excessive-penalty"
  public static let summary = "a penalty on weights, or their decay, is stronger than the loss"

  public static func claims(_ setting: String, isAbove: Bool?) -> Bool {
    isAbove == true
      && ["weight-decay", "wd", "l1", "l2", "penalty", "lambda", "regularization"].contains(setting)
  }

  public static func deviation(in evidence: Evidence) -> Deviation? {
    let shares = shares(evidence)
    let worst = shares.max { $0.value / $0.most < $1.value / $1.most }
    guard let worst, worst.value > worst.most else { return nil }
    return Deviation(
      quantity: worst.quantity, value: worst.value, reference: worst.most, place: worst.path)
  }

  /// Every measure of it, with the most that is usual.
  private static func shares(
    _ evidence: Evidence
  ) -> [(quantity: String, value: Double, most: Double, path: String)] {
    let recipe = evidence.recipe
    let rate =
      recipe.optimizer.member.learningRate
      * RateCourse(evidence.problem, trace: evidence.trace).largest
    let weights = recipe.initialWeights(evidence.problem)
    let loss = evidence.startingLoss
    var shares: [(String, Double, Double, String)] = []
    for setting in recipe.numbers {
      guard let regularizer = setting.ingredient as? any Regularizer, setting.value > 0,
        regularizer.penalty != (0, 0)
      else { continue }
      let isSquare = setting.name == "l2" || regularizer is L2
      if isSquare {
        shares.append(
          (
            "share of a weight that the penalty takes in a step", 2 * rate * setting.value,
            ReferencePoint.shrinkage, setting.path
          ))
      }
      if let loss, let weights {
        let sum = isSquare ? weights.squares : weights.magnitudes
        shares.append(
          (
            "penalty on the initial weights, beside half of the loss", setting.value * sum,
            loss / 2, setting.path
          ))
      }
    }
    for setting in recipe.numbers
    where setting.ingredient is any Optimizer && setting.name == "weight-decay" {
      shares.append(
        (
          "share of a weight that decays in a step", rate * setting.value, ReferencePoint.shrinkage,
          setting.path
        ))
      // Steps of the rate's size and a decay of rate·λ·w leave weights of 1/λ at most.
      shares.append(("decay of weights", setting.value, ReferencePoint.decay, setting.path))
    }
    return shares
  }

  public static func reset(_ evidence: Evidence) -> Recipe? {
    var recipe = evidence.recipe
    recipe.regularizer.choices.removeAll { $0.member.penalty != (0, 0) }
    return recipe.changingOptimizer(["weight-decay": 0])
  }

  public static let guilty: [Recipe] = [
    moons(.sgd(learningRate: 0.01), [.l2(150)]),
    moons(.adamw(learningRate: 0.001, weightDecay: 3000), []),
    moons(.sgd(learningRate: 0.05), [.l2(30)]),
  ]

  public static let innocent: [Recipe] = [
    moons(.sgd(learningRate: 0.1), [.l2(1e-4)]), moons(.adamw(), []),
  ]

  private static func moons(
    _ optimizer: Choice<Optimizers>, _ regularizer: Chain<Regularizers>
  ) -> Recipe {
    Recipe(
      name: "\(optimizer.name)-penalty",
      data: .moons(samples: 400, noise: 0.1, test: .fraction(0.2)),
      model: [.dense(16), .relu, .dense(2)], initializer: .he(), loss: .softmaxCrossEntropy,
      optimizer: optimizer, regularizer: regularizer, training: .init(epochs: 40, batch: 32))
  }
}
