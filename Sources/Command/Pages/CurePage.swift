import Keel

/// What a person reads after a cure: the verdict, the cause, the change, what comes out then; then
/// the evidence, and what to type next.
struct CurePage {
  let history: CaseHistory
  let recipe: Recipe
  let line: String
  /// Where the cured recipe was written.
  let written: String?

  private var out: Terminal { .output }

  /// Shows on the bar what is being done.
  static func show(_ progress: Cure.Progress, on bar: ProgressBar) {
    switch progress {
    case .training(let step):
      bar.show("training", step.index + 1, of: step.total, "loss \(Text.number(step.loss))")
    case .retraining(let step):
      bar.show(
        "training the cure", step.index + 1, of: step.total, "loss \(Text.number(step.loss))")
    case .exploded(let training):
      bar.show("exploded; diagnosing", training.steps, of: training.steps, "")
    case .diagnosed, .tried: break
    }
  }

  var text: String {
    (verdict + cause + change + trials + next).joined(separator: "\n") + "\n"
  }

  private var verdict: [String] {
    let name = out.bold(Text.plain(recipe.name))
    switch history.outcome {
    case .healthy:
      return [
        "\(name)  \(out.green("✓ healthy")): nothing to cure, nothing changed "
          + "(score \(Text.number(history.before.score)))"
      ]
    case .notExploding:
      return [
        "\(name)  \(out.yellow("! \(history.before.verdict.rawValue)")): it does not learn "
          + "(skill \(Text.number(history.before.skill))), but it does not explode; nothing changed"
      ]
    case .cured, .incurable:
      guard let explosion = history.before.explosion else { return [] }
      return [
        "\(name)  \(out.red("✗ exploding")) at step \(explosion.step)",
        "  \(TrainPage.sentence(explosion))", "",
      ]
    }
  }

  private var cause: [String] {
    history.before.verdict == .exploding ? FindingLines(history.findings).lines : []
  }

  private var change: [String] {
    switch history.outcome {
    case .cured:
      guard let after = history.after else { return [] }
      let diff = history.recipe.diff(from: recipe).map(\.description).joined(separator: "\n")
      let lines = diff.split(separator: "\n").map { line in
        "  " + (line.hasPrefix("-") ? out.red(String(line)) : out.green(String(line)))
      }
      let names = history.remedies.map(\.remedy).joined(separator: ", ")
      return [out.bold("change") + "  \(names)"] + lines + ["", outcome(after), ""]
    case .incurable:
      return [out.red("no remedy made it train") + "; nothing was written", ""]
    case .healthy, .notExploding: return []
    }
  }

  private func outcome(_ after: Training) -> String {
    let metric = after.metric.map { metric in
      let score = metric.score
      let value = metric.name == "accuracy" ? Text.percent(score) : Text.number(score)
      return ", \(metric.name) \(value)" + (metric.test == nil ? "" : " on the test part")
    }
    return "\(out.green("✓ then"))  \(Text.count(after.steps)) steps to the end: loss "
      + "\(Text.number(after.loss)), skill \(Text.number(after.skill))\(metric ?? "")"
  }

  private var trials: [String] {
    guard !history.trials.isEmpty else { return [] }
    let rows = history.trials.map { trial in
      let changes = trial.remedies.flatMap(\.changes).map { change in
        "\(change.path)=\(change.to?.line ?? "none")"
      }.joined(separator: " ")
      let score = trial.score.isFinite ? "score \(Text.number(trial.score))" : ""
      let line =
        "  \(Text.padded(trial.outcome, 14)) \(Text.right(Text.count(trial.steps), 6)) steps  "
        + "\(Text.padded(score, 14)) \(changes)"
      return line.count > Text.width ? line.prefix(Text.width - 1) + "…" : line
    }
    return [out.bold("trials")] + rows + [
      "  in all \(Text.count(history.cost.steps)) steps, "
        + "\(Text.number(history.cost.relativeToOneTraining)) trainings", "",
    ]
  }

  private var next: [String] {
    guard history.outcome == .cured else { return [] }
    if let written {
      return [out.dim("next"), "  keel train \(written)    train the cured recipe"]
    }
    return [out.dim("next"), "  keel cure \(line) -o fixed.yaml    write the cured recipe"]
  }
}
