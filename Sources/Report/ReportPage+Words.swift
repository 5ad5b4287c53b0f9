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
  /// - Parameter first: the step that it began at.
  static func words(ofOpen run: ArchivedRun, from first: Int) -> Words {
    let found = run.found
    let name = Style.bold(shown(run.name, limit: 60))
    let mark = run.explosionStep.map { Style.red("✗ exploded at step \(Text.count($0))") }
    var verdict = ["\(name)  \(mark ?? Style.yellow("! \(run.standing)"))"]
    if let explosion = found?.explosion { verdict.append(TrainPage.sentence(explosion)) }
    verdict.append(
      run.isRunning
        ? "\(run.isLogged ? "training" : stage(of: run, found)): \(progress(of: run, from: first))"
        : "\(Text.count(run.steps)) steps are on record")
    let findings = found?.findings ?? []
    let cause =
      findings.isEmpty
      ? []
      : FindingLines(findings, of: run.problem, by: run.engineNote, reference: nil).lines
        .flatMap { $0.split(separator: "\n").map(String.init) }
    return Words(
      verdict: verdict, cause: cause, soFar: found.map(tried) ?? [],
      next: run.isRunning || run.isLogged ? [] : ["\(run.command)  # once more"])
  }

  /// What a run is at.
  static func stage(of run: ArchivedRun, _ found: RunProgress?) -> String {
    switch found?.stage ?? .training {
    case .training: run.kind == .forecast ? "forecasting" : "training"
    case .diagnosing: "finding out why, by experiment"
    case .searching: "trying remedies"
    case .retraining: "training with the change"
    }
  }

  /// How far it is, and how long it takes from there.
  private static func progress(of run: ArchivedRun, from first: Int) -> String {
    guard let found = run.found, found.stage == .diagnosing || found.stage == .searching else {
      let steps = Text.count(run.steps)
      guard let total = run.total, total >= run.steps else { return "\(steps) steps so far" }
      let share = Text.percent(Double(run.steps) / Double(max(1, total)))
      return "step \(steps) of \(Text.count(total)), \(share)"
        + (secondsLeft(of: run, from: first).map { ", \(Text.duration($0)) left" } ?? "")
    }
    let made = found.stage == .diagnosing ? found.experiments.count : found.trials.count
    let what = found.stage == .diagnosing ? "experiment" : "trial"
    var text = "\(made) \(what)\(made == 1 ? "" : "s") so far"
    if let share = found.share, share >= 0.01 {
      text += ", \(Text.percent(share)) of the steps they may take"
      if let since = found.failedAt {
        text += ", \(Text.duration((run.seen - since) * (1 - share) / share)) left at the most"
      }
    }
    return text
  }

  /// Nil where nobody knows yet.
  private static func secondsLeft(of run: ArchivedRun, from first: Int) -> Double? {
    let isCure = run.found?.stage == .retraining
    let (begin, since) = (isCure ? 0 : first, run.found?.since ?? run.began)
    let (made, seconds) = (run.steps - begin, run.seen - since)
    guard let total = run.total, made > 0, seconds > 2 else { return nil }
    return seconds * Double(max(0, total - run.steps)) / Double(made)
  }

  /// Every experiment and every trial, a line each.
  private static func tried(_ found: RunProgress) -> [String] {
    func line(_ what: String, _ outcome: TrialOutcome, _ steps: Int) -> String {
      let mark =
        switch outcome {
        case .holds: Style.green(Text.padded("✓ holds", 18))
        case .explodes: Style.red(Text.padded("✗ explodes", 18))
        default: Style.yellow(Text.padded("! \(outcome.rawValue)", 18))
        }
      return "\(mark)\(Text.right(Text.count(steps), 9)) steps  \(what)"
    }
    return found.experiments.map { row in
      let kept = row.kept.isEmpty ? "with everything put back" : "only with "
      return line(
        kept + shown(row.kept.joined(separator: ", "), limit: 100), row.outcome, row.steps)
    }
      + found.trials.map { trial in
        line(shown(CurePage.changes(trial), limit: 100), trial.outcome, trial.steps)
      }
  }

  /// Of a run that another tool has logged.
  static func words(ofLogged run: ArchivedRun) -> Words {
    if run.isWatched { return words(ofWatched: run) }
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

  /// Of a training that `keel.watch` writes down.
  private static func words(ofWatched run: ArchivedRun) -> Words {
    var words = words(ofOpen: run, from: 0)
    if let place = run.explosionPlace {
      words.verdict.insert("seen first in \(shown(place, limit: 60))", at: 1)
    } else if run.outcome != nil {
      words.verdict[0] =
        "\(Style.bold(shown(run.name, limit: 60)))  \(Style.green("✓ ended, nothing exploded"))"
    }
    words.verdict.append("trained by \(shown(run.engine, limit: 40)), watched from outside")
    words.unknown = ["why: what was watched is no experiment"]
    words.next = [
      "keel.diagnose(…), keel.cure(…)  # in its program: find out why, by experiment",
      "keel diagnose \(Text.quoted(run.problem))  # what its numbers say",
    ]
    return words
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
