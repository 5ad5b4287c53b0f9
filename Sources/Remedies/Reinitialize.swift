import KeelCauses
import KeelRecipes

/// Sound initial weights: He before ReLU-like activations, LeCun before SELU, Xavier otherwise;
/// orthogonal ones from step to step in time.
///
/// Every layer then passes on about as much as it gets.
///
/// **References** Glorot and Bengio, 2010; He et al., 2015; Klambauer et al., 2017.
public struct Reinitialize: Remedy {
  public static let name = "reinitialize"
  public static let summary = "sound initial weights: He, LeCun or Xavier"
  public static let treats = [PoorInitialization.name, ExcessiveDepth.name, LongRecurrence.name]
  public static let price = Price(invasiveness: 0, timePerStep: 1, risk: "none; needs a new start")
  public static let isHot = false

  public init() {}

  public static func candidates(for patient: Patient) -> [Reinitialize] { [Reinitialize()] }

  public func applied(to subject: Subject) -> Recipe? {
    let changed = subject.recipe.referencePoint
    return changed == subject.recipe ? nil : changed
  }
}
