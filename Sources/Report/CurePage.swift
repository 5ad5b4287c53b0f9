import KeelAuthoring
import KeelRunners

/// What a person reads after a cure: the verdict, the cause, the change, what comes out then; then
/// the evidence, and what to type next.
package struct CurePage: Page {
  let history: CaseHistory
  let recipe: Recipe
  private let line: String
  private let written: String?
  private let wanted: String?
  private let framework: ExportTarget?
  private let engine: EngineNote?
  private let budget: Double
  private let onlyExplosions: Bool
  private var report: String?
  private var run: String?

  /// - Parameters:
  ///   - recipe: what was to be cured, and `line` how it stood on the command line.
  ///   - written: where the cured recipe was written; nil where it was not.
  ///   - wanted: where it was to be written.
  ///   - framework: for whom the cure is printed as lines of code, too; for its own engine it
  ///     always is.
  ///   - engine: what trains in Keel's place; nil where nothing does.
  ///   - budget: what the search might cost, and `onlyExplosions` what was to be left alone: a
  ///     command that goes on says so again.
  package init(
    _ history: CaseHistory, of recipe: Recipe, line: String, written: String?, wanted: String?,
    framework: ExportTarget?, engine: EngineNote? = nil, budget: Double, onlyExplosions: Bool
  ) {
    (self.budget, self.onlyExplosions) = (budget, onlyExplosions)
    (self.history, self.recipe, self.line) = (history, recipe, line)
    (self.written, self.wanted, self.engine) = (written, wanted, engine)
    self.framework = framework ?? engine?.framework
  }

  /// The same with the file that shows it in pictures.
  /// - Parameter run: its name on a command line.
  package func telling(report: String?, at run: String?) -> CurePage {
    var page = self
    (page.report, page.run) = (report, run)
    return page
  }

  package var body: Reproducible<CaseHistory> {
    Reproducible(result: history, findings: history.findings, line: line)
  }

  var out: Style.Type { Style.self }

  package var text: String {
    let parts =
      verdict + unwritten + (engine?.caution ?? []) + reference + cause + change + code + trials
      + unknown + next + drawn
    let page = parts.joined(separator: "\n") + "\n"
    return engine?.named(page, line) ?? page
  }

  var verdict: [String] {
    let name = out.bold(shown(recipe.name, limit: 60))
    switch history.outcome {
    case .healthy:
      return [
        "\(name)  \(out.green("✓ healthy")): nothing to cure, nothing changed "
          + "(score \(Text.number(history.before.score)))"
      ] + missed
    case .notExploding:
      return [
        "\(name)  \(out.yellow("! \(history.before.verdict.rawValue)")): it does not learn "
          + "(skill \(Text.number(history.before.skill))), but it does not explode; nothing changed",
        "  keel diagnose \(line)  # finds out why",
      ]
    case .cured, .incurable, .interrupted:
      guard let explosion = history.before.explosion else {
        return [
          "\(name)  \(out.red("✗ \(history.before.verdict.rawValue)")): "
            + DiagnosisPage.meaning(history.before.verdict)
            + " (skill \(Text.number(history.before.skill)))", "",
        ]
      }
      return [
        "\(name)  \(out.red("✗ exploding")) at "
          + (engine?.step(explosion.step) ?? "step \(explosion.step)"),
        "  "
          + (engine?.sentence(explosion, in: recipe.numbers)
            ?? TrainPage.sentence(explosion, in: recipe.numbers)),
        "",
      ]
    }
  }

  /// What a healthy training misses, and what shows it.
  private var missed: [String] {
    guard let reach = history.couldReach else { return [] }
    // What somebody else trains, no command of Keel's trains.
    let shown =
      engine == nil
      ? [
        FindingLines.wrapped(
          Exhibit.Reproduction.training(changes: reach.changes).command(line), at: 2)
      ] : reach.changes.map { "\($0.path): \($0.to?.brief().line ?? "none")" }
    return [
      "  but far below what it could be: score \(Text.number(reach.score)) with what is unusual "
        + "in it put back"
    ] + shown.map { "  \($0)" }
  }

  /// Somebody asked for a file, and there is nothing to write.
  private var unwritten: [String] {
    guard let wanted, history.outcome == .healthy || history.outcome == .notExploding else {
      return []
    }
    return ["  \(wanted) was not written"]
  }

  private var reference: [String] {
    history.outcome != .cured && history.outcome != .incurable
      ? [] : DiagnosisPage.reference(history.reference, history.findings)
  }

  var cause: [String] {
    // Before the experiments nothing is known of causes.
    let isOpen = history.outcome == .interrupted && history.findings.isEmpty
    return history.outcome == .healthy || history.outcome == .notExploding || isOpen
      ? []
      : FindingLines(history.findings, of: line, by: engine, reference: history.reference).lines
  }

  var change: [String] {
    switch history.outcome {
    case .cured:
      let diff = history.recipe.diff(from: recipe).map(\.description).joined(separator: "\n")
      let lines = diff.split(separator: "\n").map { line in
        "  " + (line.hasPrefix("-") ? out.red(String(line)) : out.green(String(line)))
      }
      let names = history.remedies.map(\.remedy).joined(separator: ", ")
      return [out.bold("change") + "  \(names)"] + lines + [
        "", history.after.map(outcome) ?? held, "",
      ]
    case .incurable:
      return [out.red("no remedy made it train") + "; nothing was written"] + nearest + [""]
    case .interrupted:
      return [out.yellow("interrupted") + "; nothing was written"] + nearest + [""]
    case .healthy, .notExploding: return []
    }
  }

  /// The best attempt, where nothing cured.
  private var nearest: [String] {
    guard let best = history.bestAttempt else {
      return history.outcome == .incurable
        ? ["  no remedy was tried: none fits, or the budget left no room for one"] : []
    }
    let remedies = best.remedies.map(\.remedy).joined(separator: ", ")
    let came =
      best.outcome == .holds
      ? "holds for \(Text.count(best.steps)) steps, score \(Text.number(best.score))"
      : "\(best.outcome.rawValue) after \(Text.count(best.steps)) steps"
    return ["  nearest: \(remedies) (\(came))", Self.cut("    " + Self.changes(best))]
  }

  /// The same change for those who train elsewhere.
  private var code: [String] {
    if let study = engine?.study, history.outcome == .cured {
      let words = study.words(of: history.recipe).map(Text.quoted).joined(separator: " ")
      return [out.bold("command"), "  \(words)", ""]
    }
    guard let framework, history.outcome == .cured else { return [] }
    return [out.bold("in \(framework.rawValue)")]
      + history.remedies.flatMap { $0.lines?[framework.rawValue] ?? [] }.map { "  " + $0 } + [""]
  }

  /// Of a cure that was not trained to the end.
  private var held: String {
    let trial = history.trials.last {
      $0.remedies.map(\.changes) == history.remedies.map(\.changes)
    }
    let steps = trial.map { "for \(Text.count($0.steps)) steps, score \(Text.number($0.score))" }
    return
      "\(out.yellow("! it holds")) \(steps ?? "in trials"); the budget ended before a whole training"
  }

  private func outcome(_ after: Training) -> String {
    // An engine that tells no score is judged by its skill, which is said anyhow.
    let metric = after.metric.flatMap { metric -> String? in
      guard metric.name != "skill" else { return nil }
      let score = metric.score
      let value = metric.name == "accuracy" ? Text.percent(score) : Text.number(score)
      return ", \(metric.name) \(value)" + (metric.test == nil ? "" : " on the test part")
    }
    // The skill that a sound twin of a fault must have to be one.
    let mark =
      after.skill < 0.2 ? out.yellow("! it holds, but has hardly learnt") : out.green("✓ cured")
    return "\(mark)  \(Text.count(after.steps)) steps to the end: loss "
      + "\(Text.number(after.loss)), skill \(Text.number(after.skill))\(metric ?? "")"
  }

  var unknown: [String] {
    switch history.outcome {
    case .cured:
      let held = history.trials.filter {
        $0.seed != recipe.seed && $0.outcome == .holds
          && $0.remedies.map(\.changes) == history.remedies.map(\.changes)
      }
      let count = Set(held.map(\.seed)).count
      guard engine?.study?.takesSeeds ?? true else {
        return [
          out.bold("not known")
            + "  whether it holds on another seed: the program takes none ({seed} in its words)",
          "",
        ]
      }
      return [
        out.bold("not known")
          + "  what other data than these would do; the cure "
          + (history.confirmed == .training ? "was trained to the end" : "was tried")
          + " on seed \(recipe.seed), and held in shorter trials on \(count) "
          + "other\(count == 1 ? "" : "s")", "",
      ]
    case .incurable:
      return [
        out.bold("not known")
          + "  whether a longer search would help, or the fault is one Keel does not know "
          + "(its catalogue: keel list)", "",
      ]
    default: return []
    }
  }

  private var drawn: [String] {
    if let report { return ["", "\(out.bold("report"))  \(report): open it in a browser"] }
    guard engine == nil, let run else { return [] }
    return (next.isEmpty ? [out.dim("next")] : []) + ["  keel report \(run)  # see it in pictures"]
  }

  var next: [String] {
    switch history.outcome {
    case .cured:
      guard let written else {
        guard engine == nil || engine?.study != nil else { return [] }
        let noun = engine == nil ? "recipe" : "study"
        return [out.dim("next"), "  \(again(to: "fixed.yaml"))  # write the cured \(noun)"]
      }
      guard engine == nil else { return [] }
      return [
        out.dim("next"), "  keel train \(Text.quoted(written))  # train the cured recipe",
      ]
    case .incurable:
      let more = max(10, 3 * budget)
      return history.trials.isEmpty && budget >= SearchPolicy.budget
        ? [out.dim("next"), "  keel diagnose \(line)  # what was tried to find out why"]
        : [out.dim("next"), "  \(again(budget: more, to: wanted))  # search for longer"]
    case .interrupted: return [out.dim("next"), "  \(again(to: wanted))  # begin again"]
    case .healthy, .notExploding: return []
    }
  }

  /// The same command, with everything that decides what comes out.
  private func again(budget more: Double? = nil, to target: String?) -> String {
    let limit = more ?? budget
    let number = Int(exactly: limit).map { "\($0)" } ?? "\(limit)"
    return
      (["keel cure", line] + (limit == SearchPolicy.budget ? [] : ["--budget \(number)"])
      + (onlyExplosions ? ["--only-explosions"] : [])
      + (framework.map { ["--as \($0.rawValue)"] } ?? [])
      + (target.map { ["-o \(Text.quoted($0))"] } ?? [])).joined(separator: " ")
  }
}
