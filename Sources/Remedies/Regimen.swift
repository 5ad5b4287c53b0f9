import KeelCauses
import KeelRecipes
import KeelTraining

/// What is tried, and in which order: single remedies for what was found, pairs, then everything that
/// deviates at once.
struct Regimen {
  private let patient: Patient
  private let catalog: RemedyCatalog
  private let causes: Set<String>

  init(_ patient: Patient, _ findings: [Finding], _ catalog: RemedyCatalog) {
    self.patient = patient
    self.catalog = catalog
    causes = Set(findings.map(\.cause))
  }

  /// What is tried in turn, and its share of the budget: what comes first is likeliest to do, and must
  /// leave enough for what comes after.
  var stages: [(entries: [[any Remedy]], share: Double)] {
    [(singles, 0.4), (pairs, 0.4), (everything, 0.2)]
  }

  /// Every strength of the remedies that treat what was found.
  var singles: [[any Remedy]] {
    Self.cheapestFirst(
      catalog.remedies.filter { treats($0) }.flatMap { candidates($0).map { [$0] } })
  }

  /// A remedy for what was found with any other of another kind: rates in every strength, the others
  /// in their mildest.
  var pairs: [[any Remedy]] {
    let leading = catalog.remedies.filter { treats($0) }
    let entries = leading.flatMap { first in
      catalog.remedies.filter { second in
        // A pair of two that treat what was found comes up once.
        second.name != first.name && (!treats(second) || first.name < second.name)
      }.flatMap { second in
        strengths(first).flatMap { head in strengths(second).map { [head, $0] } }
      }
    }
    return Self.cheapestFirst(entries)
  }

  /// The cheapest remedy for each factor that deviates, guilty or not, at every rate.
  var everything: [[any Remedy]] {
    let deviating = CauseCatalog.standard.causes.filter { $0.deviation(in: patient.subject) != nil }
    let heads = deviating.compactMap { cause -> (any Remedy)? in
      catalog.remedies.filter { $0.treats.first == cause.name && $0 != LowerLearningRate.self }
        .min { $0.price < $1.price }.flatMap { candidates($0).first }
    }.filter { !($0 is AdaptLearningRate) && !($0 is ClipGradients) }
    let rates = candidates(LowerLearningRate.self)
    return heads.isEmpty ? [] : [heads] + rates.map { heads + [$0] }
  }

  /// Rates in every strength, the others in their mildest.
  private func strengths(_ remedy: any Remedy.Type) -> [any Remedy] {
    let all = candidates(remedy)
    return remedy == LowerLearningRate.self ? all : Array(all.prefix(1))
  }

  private static func cheapestFirst(_ entries: [[any Remedy]]) -> [[any Remedy]] {
    func price(_ entry: [any Remedy]) -> Int {
      entry.reduce(0) { $0 + type(of: $1).price.invasiveness }
    }
    return entries.enumerated().sorted {
      (price($0.element), $0.offset) < (price($1.element), $1.offset)
    }.map(\.element)
  }

  private func treats(_ remedy: any Remedy.Type) -> Bool {
    causes.isEmpty || !causes.isDisjoint(with: remedy.treats)
  }

  private func candidates<R: Remedy>(_ remedy: R.Type) -> [any Remedy] {
    remedy.candidates(for: patient)
  }
}
