import KeelCauses
import KeelRecipes
import KeelTraining

/// What is tried of a study, and in which order: the settings that were found put to their
/// reference, then to other values, then all that are not at theirs.
struct KnobSchedule: Schedule {
  private let knobs: [Knob]
  private let findings: [Finding]

  /// - Parameter problem: whose settings are tried where they are not at their reference.
  init(_ knobs: [Knob], _ problem: Problem, _ diagnosis: Diagnosis) {
    self.knobs = knobs.filter { problem.recipe.own.value?[$0.name] != $0.reference }
    findings = diagnosis.findings
  }

  /// The settings of findings: each names its own as its place.
  private func knobs(of findings: [Finding]) -> [Knob] {
    findings.compactMap { finding in knobs.first { $0.name == finding.place } }
  }

  private func together(_ knobs: [Knob]) -> Bracket {
    Bracket { [knobs.compactMap { AdjustSetting.values(of: $0).first }].filter { !$0.isEmpty } }
  }

  private func alone(_ knob: Knob) -> Bracket {
    Bracket { AdjustSetting.values(of: knob).map { [$0] } }
  }

  private var undoing: [Bracket] {
    guard let first = findings.first else { return [] }
    let alike = knobs(of: findings.filter { $0.kind == first.kind })
    if first.partners != nil {
      return [together(knobs(of: findings.filter { $0.partners != nil }))]
    }
    switch first.kind {
    case .cause, .contributing: return knobs(of: [first]).map(alone)
    case .joint: return alike.map { together([$0]) } + [together(alike)]
    case .overdetermined:
      let partners = knobs(of: findings.filter { [.joint, .contributing].contains($0.kind) })
      return alike.count > 1 || partners.isEmpty
        ? [together(alike)]
        : partners.map { together(alike + [$0]) } + [together(alike + partners)]
    case .suspect: return [together(alike)]
    }
  }

  var attempts: [Attempt] {
    [Attempt(brackets: undoing), Attempt(brackets: [together(knobs)])]
  }

  var stages: [(brackets: [Bracket], share: Double)] {
    let pairs = knobs.indices.flatMap { first in
      knobs.indices.dropFirst(first + 1).map { together([knobs[first], knobs[$0]]) }
    }
    return [
      (knobs.map(alone), SearchPolicy.shares.singles), (pairs, SearchPolicy.shares.pairs),
    ]
  }

  var others: [Bracket] { [] }

  func challengers(_ leader: [any Remedy]) -> [Bracket] { [] }
}
