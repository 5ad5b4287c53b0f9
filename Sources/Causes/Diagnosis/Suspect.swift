import KeelForecast
import KeelRecipes
import KeelTraining

/// A factor that deviates: what symptoms raise, and trials then judge.
package struct Suspect {
  package let cause: any Cause.Type
  package let deviation: Deviation
  /// Puts the factor, and no other, to its reference.
  let reset: @Sendable (Subject) -> Recipe?

  init(_ cause: any Cause.Type, _ deviation: Deviation) {
    self.init(cause, deviation) { cause.reset($0) }
  }

  init(
    _ cause: any Cause.Type, _ deviation: Deviation,
    reset: @escaping @Sendable (Subject) -> Recipe?
  ) {
    (self.cause, self.deviation, self.reset) = (cause, deviation, reset)
  }

  /// A learning rate held against one that was measured.
  init(rate: Double, against reference: Double) {
    cause = LargeLearningRate.self
    deviation = Deviation(quantity: "learning rate", value: rate, reference: reference)
    reset = { subject in
      subject.recipe.withLearningRate(
        min(reference, subject.recipe.optimizer.member.learningRate))
    }
  }

  /// Every factor of the subject that deviates, the one furthest off first.
  package static func all(of subject: Subject, in catalog: CauseCatalog) -> [Suspect] {
    catalog.causes.compactMap { cause in
      cause.deviation(in: subject).map { Suspect(cause, $0) }
    }.sorted { $0.deviation.decades > $1.deviation.decades }
  }

  /// What deviates, with no experiment: the most that a forecast alone can say.
  package static func findings(
    in subject: Subject, _ forecast: Forecast, _ catalog: CauseCatalog
  ) -> [Finding] {
    let suspects = all(of: subject, in: catalog)
    // Nothing but an experiment tells them apart: they share what may be claimed without one.
    let share = Finding.unproven / Double(max(1, suspects.count))
    return suspects.map {
      $0.finding(
        .suspect, confidence: share, in: subject, forecast, healed: $0.reset(subject))
    }
  }

  /// - Parameters:
  ///   - confidence: without a trial at most 0.8.
  ///   - forecast: what else was measured, if there is one.
  ///   - trace: what was recorded, likewise.
  ///   - healed: the recipe whose training shows it.
  func finding(
    _ kind: Finding.Kind, confidence: Double, in subject: Subject, _ forecast: Forecast?,
    _ trace: Trace? = nil, healed: Recipe?
  ) -> Finding {
    let line = subject.recipe.folder.line
    let main = Exhibit(
      quantity: deviation.quantity, measured: deviation.value, expected: deviation.reference,
      layer: deviation.layer, step: 0,
      command: healed.flatMap { Self.command($0, subject.recipe) } ?? "keel diagnose \(line)"
    )
    let measured = forecast.map { cause.exhibits(in: $0) } ?? []
    let recorded = trace.map { cause.exhibits(in: $0, of: subject) } ?? []
    return Finding(
      cause: cause.name, confidence: confidence, kind: kind, place: deviation.place,
      exhibits: [main] + measured.map { $0.reproduced(by: "keel forecast \(line)") }
        + recorded.map { $0.reproduced(by: "keel train \(line) --json") })
  }

  /// What makes one recipe of another, as a command line; nil where that takes more than `--set`.
  private static func command(_ changed: Recipe, _ recipe: Recipe) -> String? {
    let changes = changed.diff(from: recipe)
    let settings = changes.compactMap { change in
      change.to.map { "--set '\(change.path)=\($0.brief().line)'" }
    }
    return !changes.isEmpty && settings.count == changes.count
      ? "keel train \(recipe.folder.line) " + settings.joined(separator: " ") : nil
  }
}

extension Exhibit {
  fileprivate func reproduced(by command: String) -> Exhibit {
    Exhibit(
      quantity: quantity, measured: measured, expected: expected, layer: layer, step: step,
      command: command)
  }
}
