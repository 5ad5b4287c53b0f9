import KeelAuthoring
import KeelArchive

// What a run's own page says, in the order of a report.

extension ReportPage {
  /// - Parameter isKept: whether the run is found by its id, with no word of where.
  static func words(of training: Training, _ run: ArchivedRun, isKept: Bool) -> Words {
    // What was healed went on under another recipe: it is its own that is explained.
    let subject = isKept && training.recoveries.isEmpty ? run.id : run.problem
    let name = Style.bold(shown(run.name, limit: 60))
    if let explosion = training.explosion {
      return Words(
        verdict: [
          "\(name)  \(Style.red("✗ exploding")) at step \(Text.count(explosion.step))",
          TrainPage.sentence(explosion),
        ] + healed(training),
        unknown: ["why: a training alone does not show it"],
        next: [
          "keel diagnose \(subject)  # find out why, by experiment",
          "keel cure \(run.problem)  # find the smallest change that works, and prove it",
        ])
    }
    let isSound = training.verdict == .healthy
    let mark =
      isSound ? Style.green("✓ healthy") : Style.yellow("! \(training.verdict.rawValue)")
    let metric = training.metric.map { ", \($0.name) \(Text.number($0.score))" } ?? ""
    let isStopped = training.outcome == .stopped
    return Words(
      verdict: [
        "\(name)  \(mark)" + (isStopped ? ", stopped before its end" : ""),
        (isSound ? "" : DiagnosisPage.meaning(training.verdict) + "; ")
          + "\(Text.count(training.steps)) steps: loss \(Text.number(training.loss)), skill "
          + "\(Text.number(training.skill))\(metric)",
      ]
        + healed(training),
      next: isStopped
        ? [
          run.model.map { "keel train \(run.problem) --resume \(Text.quoted($0))  # go on with it" }
            ?? "keel train \(run.problem)  # train it again, to its end"
        ]
        : isSound
          ? [] : ["keel diagnose \(subject)  # find out why it learns nothing, by experiment"])
  }

  private static func healed(_ training: Training) -> [String] {
    training.recoveries.map { recovery in
      "healed: exploded at step \(Text.count(recovery.step)), went on from step "
        + "\(Text.count(recovery.rewoundTo)) with \(recovery.remedy)"
    }
  }

  /// What stands under a heading does not begin with it.
  private static func unlabelled(_ lines: [String]) -> [String] {
    lines.map { $0.replacing(Style.bold("not known") + "  ", with: "") }
  }

  /// Of a run that has not come to an answer.
  static func words(ofOpen run: ArchivedRun) -> Words {
    Words(
      verdict: [
        "\(Style.bold(shown(run.name, limit: 60)))  \(Style.yellow("! \(run.standing)"))",
        "\(Text.count(run.steps)) steps are on record",
      ],
      next: run.isRunning ? [] : ["\(run.command)  # once more"])
  }

  /// Of a run that another tool has logged.
  static func words(ofLogged run: ArchivedRun) -> Words {
    let bad = run.explosionStep.map { "from step \(Text.count($0)) on its loss is not finite" }
    return Words(
      verdict: [
        "\(Style.bold(shown(run.name, limit: 60)))  "
          + (bad == nil ? Style.yellow("! logged") : Style.red("✗ exploded")),
        "logged by \(shown(run.engine, limit: 40)), project \(shown(run.problem, limit: 60)): "
          + "\(Text.count(run.steps)) steps" + (bad.map { "; \($0)" } ?? ""),
      ],
      unknown: [
        "why: a log is no experiment; between two steps that were logged the last value stands"
      ],
      next: ["keel diagnose RECIPE  # or --engine, with a program that trains it: find out why"])
  }

  static func words(ofForecast run: ArchivedRun) -> Words {
    let name = Style.bold(shown(run.name, limit: 60))
    let verdict = run.outcome ?? "unknown"
    let mark =
      verdict == "exploding"
      ? Style.red("✗ will explode")
      : verdict == "stable" ? Style.green("✓ no explosion in sight") : Style.yellow("! \(verdict)")
    return Words(
      verdict: ["\(name)  \(mark)"] + (run.cause.map { ["suspected: \($0)"] } ?? []),
      next: ["keel diagnose \(run.problem)  # train it, and find out why"])
  }

  static func words(of diagnosis: Diagnosis, _ recipe: Recipe, _ run: ArchivedRun) -> Words {
    let page = DiagnosisPage(diagnosis, of: recipe, line: run.problem, engine: run.engineNote)
    return Words(
      verdict: page.verdict, cause: page.findings + page.ruledOut,
      unknown: unlabelled(page.unknown),
      next: Array(page.next.dropFirst()))
  }

  static func words(of cure: CaseHistory, _ recipe: Recipe, _ run: ArchivedRun) -> Words {
    let page = CurePage(
      cure, of: recipe, line: run.problem, written: nil, wanted: nil,
      framework: nil,
      engine: run.engineNote, budget: SearchPolicy.budget, onlyExplosions: false)
    var words = Words(
      verdict: page.verdict, cause: page.cause, change: page.change,
      unknown: unlabelled(page.unknown),
      next: Array(page.next.dropFirst()))
    guard cure.outcome == .cured else { return words }
    let names = cure.remedies.map(\.remedy).joined(separator: ", ")
    words.verdict =
      words.verdict.filter { !$0.isEmpty } + [
        "\(Style.green("✓ cured")) by \(names) (\(shown(run.change ?? "", limit: 200)))"
      ]
    words.code = ExportTarget.allCases.compactMap { target in
      let lines = cure.remedies.flatMap { $0.lines?[target.rawValue] ?? [] }
      return lines.isEmpty ? nil : (target.title, lines)
    }
    return words
  }
}

extension ExportTarget {
  /// The framework's name as it writes it.
  fileprivate var title: String {
    switch self {
    case .pytorch: "PyTorch"
    case .keras: "Keras"
    }
  }
}

extension ArchivedRun {
  /// Who trained it, where that was not Keel.
  package var engineNote: EngineNote? {
    engine == "keel" ? nil : EngineNote(name: engine, spread: nil, firstStep: 0)
  }
}
