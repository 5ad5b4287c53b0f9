import KeelCauses
import KeelFrameworks
import KeelNetworks
import KeelRecipes
import KeelTraining

/// Sound initial weights: He before ReLU-like activations, LeCun before SELU, Xavier otherwise;
/// orthogonal ones from step to step in time.
///
/// Every layer then passes on about as much as it gets.
///
/// **References** Glorot and Bengio, 2010; He et al., 2015; Klambauer et al., 2017.
public struct Reinitialize: Remedy {
  public static let name = "reinitialize"
  public static let summary = "sound initial weights: He, LeCun or Xavier"
  public static let undoes = [PoorInitialization.name]
  public static let mayHelp = [ExcessiveDepth.name, LongRecurrence.name]
  public static let price = Price(invasiveness: 0, timePerStep: 1, risk: "none; needs a new start")
  public static let isHot = false

  public init() {}

  public static func candidates(for evidence: Evidence) -> [Reinitialize] { [Reinitialize()] }

  /// Recurrent weights alone where the others are sound as they are.
  public func applied(to problem: Problem) -> Recipe? {
    let evidence = Evidence(problem)
    let isRecurrenceAlone =
      LongRecurrence.deviation(in: evidence) != nil
      && PoorInitialization.deviation(in: evidence) == nil
    let changed =
      isRecurrenceAlone ? problem.recipe.withOrthogonalRecurrence : problem.recipe.referencePoint
    return changed == problem.recipe ? nil : changed
  }

  public func lines(for framework: ExportTarget, in recipe: Recipe) -> [String] {
    switch framework {
    case .pytorch: [framework.denseComment(in: recipe, "; once, before training")] + pytorch(recipe)
    case .keras:
      [framework.denseComment(in: recipe)]
        + framework.denseLines(of: recipe.referencePoint) { site in
          framework.initializer(of: site).map {
            framework.dense(site.dense, ["kernel_initializer=\"\($0)\""])
          }
        }
    }
  }

  private func pytorch(_ recipe: Recipe) -> [String] {
    let weights = recipe.referencePoint.denseRuns(ExportTarget.pytorch.initializer(of:)).flatMap {
      run in
      [
        "for layer in linears[\(run.range.lowerBound - 1):\(run.range.upperBound)]:"
          + "  # \(run.names)",
        "    \(run.line)",
      ]
    }
    return ["linears = [m for m in model.modules() if isinstance(m, nn.Linear)]"] + weights + [
      "for layer in linears:",
      "    if layer.bias is not None:",
      "        nn.init.zeros_(layer.bias)",
    ]
  }
}

extension ExportTarget {
  fileprivate func initializer(of site: DenseSite) -> String? {
    site.dense.initializer.value.flatMap { initializer($0.member) }
  }
}
