import KeelCauses
import KeelForecast
import KeelRecipes
import KeelTraining

/// The strengths of remedies, and the first steps that were measured to find them.
///
/// What is measured is counted: it is part of what a cure costs.
package final class Strengths {
  /// What is known of the problem as it was given.
  package let evidence: Evidence
  /// Gradient evaluations spent on measuring.
  package private(set) var evaluations = 0
  /// Of the recipe as it was given, measured at most once; the inner value is nil where it cannot
  /// be trained.
  private var own: InitialDynamics??

  package init(_ evidence: Evidence) { self.evidence = evidence }

  /// The strengths of a remedy for the problem as it was given, the mildest first.
  package func of(_ kind: any Remedy.Type) -> [any Remedy] { strengths(kind, evidence) }

  /// The strengths for what other remedies have made of the recipe.
  package func of(_ kind: any Remedy.Type, for recipe: Recipe) -> [any Remedy] {
    strengths(kind, evidence.untrained(recipe))
  }

  private func strengths(_ kind: any Remedy.Type, _ evidence: Evidence) -> [any Remedy] {
    func all<R: Remedy>(_ kind: R.Type, _ evidence: Evidence) -> [any Remedy] {
      kind.candidates(for: evidence)
    }
    let measured = kind.recipeToMeasure(evidence).flatMap { dynamics(of: $0, evidence) }
    return all(kind, evidence.with(measured))
  }

  /// Nil where it cannot be trained, or is lost before its first update.
  private func dynamics(of recipe: Recipe, _ evidence: Evidence) -> InitialDynamics? {
    let isOwn = evidence.trace != nil && recipe == evidence.recipe
    guard isOwn else { return measure(evidence.problem.with(recipe)) }
    if evidence.isLostBeforeUpdate { return nil }
    if let own { return own }
    let measured = measure(evidence.problem)
    own = .some(measured)
    return measured
  }

  private func measure(_ problem: Problem) -> InitialDynamics? {
    let dynamics = try? InitialDynamics(problem)
    evaluations += dynamics?.evaluations ?? 0
    return dynamics
  }
}
