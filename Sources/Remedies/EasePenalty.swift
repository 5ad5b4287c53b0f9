import KeelCauses
import KeelNetworks
import KeelRecipes
import KeelTraining

/// Penalties and decay of weights as strong as is common, or none.
///
/// A penalty of 2·rate·λ above 2 makes weights grow by itself; far below that it can still leave
/// nothing of them.
///
/// **References** Loshchilov and Hutter, *Decoupled weight decay regularization*, ICLR 2019.
public struct EasePenalty: Remedy {
  public static let name = "ease-penalty"
  public static let summary = "penalties and decay as strong as is common, or none"
  public static let undoes = [ExcessivePenalty.name]
  public static let price = Price(
    invasiveness: 0, timePerStep: 1, risk: "may fit noise that the penalty kept out")
  public static let isHot = true

  /// What penalties and the decay are brought down to; nil: none is left.
  ///
  /// 1e-4 and 0.01 are common.
  public let common: Common?

  /// What is common: λ of Σ|w| and Σw², and the share of a weight that decays per unit of rate.
  public struct Common: Hashable, Sendable {
    /// λ of Σ|w| and Σw².
    public let penalty: Double
    /// Share of a weight lost per unit of rate.
    public let decay: Double

    /// 1e-4 for penalties, 0.01 for the decay.
    static let usual = Common(penalty: 1e-4, decay: 0.01)

    public init(penalty: Double, decay: Double) { (self.penalty, self.decay) = (penalty, decay) }
  }

  public init(_ common: Common?) { self.common = common }

  public static func candidates(for evidence: Evidence) -> [EasePenalty] {
    [.init(.usual), .init(nil)]
  }

  public func applied(to problem: Problem) -> Recipe? {
    let evidence = Evidence(problem)
    let changed =
      common.map { common in
        problem.recipe.changingNumbers { setting in
          switch setting.ingredient {
          case let regularizer as any Regularizer where regularizer.penalty != (0, 0):
            min(setting.value, common.penalty)
          case is any Optimizer where setting.name == "weight-decay":
            min(setting.value, common.decay)
          default: setting.value
          }
        }
      } ?? ExcessivePenalty.reset(evidence)
    return changed == problem.recipe ? nil : changed
  }
}
