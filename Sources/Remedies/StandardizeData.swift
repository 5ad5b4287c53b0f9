import KeelCauses
import KeelRecipes

/// Inputs and numeric targets brought to mean 0 and deviation 1.
///
/// Errors, and so gradients, are then of the size that rates and initial weights are made for.
///
/// **References** LeCun et al., *Efficient backprop*, 1998, §4.3.
public struct StandardizeData: Remedy {
  public static let name = "standardize-data"
  public static let summary = "inputs and targets with mean 0 and deviation 1"
  public static let treats = [UnscaledData.name]
  public static let price = Price(
    invasiveness: 1, timePerStep: 1, risk: "predictions must be scaled back, which Keel does")
  public static let isHot = false

  public init() {}

  public static func candidates(for patient: Patient) -> [StandardizeData] { [StandardizeData()] }

  public func applied(to subject: Subject) -> Recipe? {
    let changed = UnscaledData.reset(subject)
    return changed == subject.recipe ? nil : changed
  }
}
