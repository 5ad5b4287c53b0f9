import Foundation
import KeelAuthoring

/// What a person reads before a training: the verdict, how far each knob is from its edge, how the
/// gradient grows, what stays unknown, what to type next.
package struct ForecastPage: Page {
  private let forecast: Forecast
  private let line: String

  /// - Parameter line: the recipe as it stood on the command line.
  package init(_ forecast: Forecast, line: String) { (self.forecast, self.line) = (forecast, line) }

  package var body: Reproducible<Forecast> {
    Reproducible(result: forecast, findings: forecast.findings, line: line)
  }

  private var out: Style.Type { Style.self }

  package var text: String {
    (verdict + [""] + suspects + margins + gradient + [""] + unknown + [""] + next).joined(
      separator: "\n")
      + "\n"
  }

  // MARK: the verdict

  private var verdict: [String] {
    let name = out.bold(shown(forecast.recipe.name, limit: 60))
    let run = forecast.dryRun
    let steps = "\(run.steps) real step\(run.steps == 1 ? "" : "s") on a copy"
    let loss = "loss \(Text.number(run.startingLoss)) → \(Text.number(run.endingLoss))"
    switch forecast.verdict {
    case .exploding:
      let how =
        run.explosion.map { TrainPage.sentence($0) }
        ?? (run.outlierStep != nil ? "over a batch with a row that lies far outside the rest" : nil)
        ?? run.skippedSince.map { "from step \($0) on every step is bad and skipped" }
        ?? (forecast.step == nil ? endless : nil)
        ?? farBeyond
        ?? "the exact curvature of this linear model says so"
      return [
        "\(name)  \(out.red("✗ will explode"))\(forecast.step.map { " at step \($0)" } ?? "")",
        "  \(how)",
        "  \(steps): \(loss)\(death)",
      ]
    case .vanishing:
      return [
        "\(name)  \(out.yellow("! vanishing")): no gradient reaches the first layer",
        "  \(steps), in \(run.vanishingSteps) of them none: \(loss)",
      ]
    case .stable:
      let head = crossing.map { out.yellow("! near its limit") + ": \($0)" }
      return [
        "\(name)  \(head ?? out.green("✓ no explosion in sight"))", "  \(steps): \(loss)\(death)",
      ]
        + (run.leftAtStep.map {
          ["  it passed 5 times its start at step \($0), and is falling again"]
        }
          ?? [])
    }
  }

  private var crossing: String? {
    forecast.crossesLimitAt.map { step in
      "its schedule carries the learning rate beyond its limit at step \(Text.count(step))"
    }
  }

  private var farBeyond: String? {
    guard let first = forecast.crossesLimitAt, let step = forecast.step else { return nil }
    return "its schedule passes the largest rate that holds at step \(Text.count(first)), and has "
      + "\(Text.number(Forecast.farBeyond)) times that rate at step \(Text.count(step))"
  }

  private var endless: String? {
    forecast.remembersAll
      ? "its momentum remembers more steps than the run has: gradients add up for good" : nil
  }

  private var death: String {
    guard let step = forecast.diesAtStep, step != forecast.step else { return "" }
    return forecast.verdict == .exploding
      ? "; float32 ends at step \(step) if nobody stops it"
      : "; if its growth went on, float32 would end at step \(step)"
  }

  /// What deviates, the furthest off first: nothing was tried yet.
  private var suspects: [String] {
    guard !forecast.findings.isEmpty else { return [] }
    return [out.bold("suspects") + "  (keel diagnose finds out which, by experiment)"]
      + forecast.findings.map { finding in
        let fact = finding.exhibits.first.map {
          "\($0.quantity) \(Text.number($0.measured)), reference \(Text.number($0.expected))"
        }
        return row(finding.cause, " " + (fact ?? ""), width: 20)
      } + [""]
  }

  // MARK: margins

  private var margins: [String] {
    let rate = forecast.learningRate
    let limit = rate.limit.map { " (\(Text.number(Self.rounded($0))))" } ?? ""
    return [out.bold("how far from the edge")]
      + [
        row("learning rate", Self.sentence(forecast.searched.learningRate, limit: limit)),
        row("initial weights", Self.sentence(forecast.searched.initialization)),
        row("inputs", isScaled ? "standardised: their scale does not matter" : inputs),
      ] + [""]
  }

  private var inputs: String { Self.sentence(forecast.searched.data) }

  private var isScaled: Bool {
    forecast.recipe.standardize == .inputs || forecast.recipe.standardize == .both
  }

  private func row(_ name: String, _ text: String, width: Int = 16) -> String {
    "  \(Text.padded(name, width))\(text)"
  }

  /// What a search found, in words: `×3.1 below its edge (0.31)`.
  static func sentence(_ search: EdgeSearch, limit: String = "") -> String {
    if search.holding == nil, search.failing == nil { return "not looked for" }
    guard let margin = search.edge else {
      let tried = search.failing.map { $0 < 1 ? " down to ×\(Text.number(rounded($0)))" : "" }
      return "beyond its edge; nothing\(tried ?? "") holds"
    }
    if margin == .infinity {
      return "no edge up to ×\(Text.number(rounded(search.holding ?? 1)))"
    }
    return margin < 1
      ? "×\(Text.number(rounded(1 / margin))) beyond its edge\(limit)"
      : "×\(Text.number(rounded(margin))) below its edge\(limit)"
  }

  /// Two digits, an edge is not known better; three next to 1, where they matter.
  private static func rounded(_ value: Double) -> Double {
    Double(String(format: abs(value - 1) < 0.5 ? "%.2f" : "%.1e", value)) ?? value
  }

  // MARK: gains

  private var gradient: [String] {
    let growth = forecast.gradientGrowth
    guard growth.isFinite, forecast.layers.count > 1 else { return time + table }
    let words =
      abs(growth) < 0.5
      ? "keeps its size" : "is 10^\(String(format: "%.1f", growth)) of the last layer's"
    let notes = forecast.notes.map { "  \($0)" }
    return ["\(out.bold("gradient")) at the first layer \(words)"] + notes + time + table
  }

  /// The recurrent layer whose weights can make a gradient grow most.
  private var time: [String] {
    let recurrent = forecast.layers.compactMap { layer in
      layer.recurrence.map { (name: layer.name, does: $0) }
    }
    guard let worst = recurrent.max(by: { $0.does.spectralNorm < $1.does.spectralNorm }) else {
      return []
    }
    let growth =
      worst.does.timeGrowth.isFinite
      ? "; gradient 10^\(String(format: "%.1f", worst.does.timeGrowth)) back to its first step" : ""
    return [
      row(
        worst.name,
        "largest singular value in time \(Text.number(threeDigits(worst.does.spectralNorm)))\(growth)"
      )
    ]
  }

  private func threeDigits(_ value: Double) -> Double {
    Double(String(format: "%.2e", value)) ?? value
  }

  /// The layers whose gains lie furthest from 1.
  private var table: [String] {
    func badness(_ layer: Forecast.Layer) -> Double {
      let gains = [layer.forwardGain, layer.backwardGain].map { abs(log10($0)) }
      return gains.map { $0.isFinite ? $0 : 99 }.max() ?? 0
    }
    let worst = forecast.layers.sorted { badness($0) > badness($1) }.prefix(3)
    let header =
      "  " + Text.padded("worst layers", 16) + Text.right("forward", 12)
      + Text.right("backward", 12) + Text.right("∇ norm", 12) + "  theory"
    return [out.dim(header)]
      + worst.map { layer in
        "  " + Text.padded(layer.name, 16) + Text.right("×" + Text.number(layer.forwardGain), 12)
          + Text.right("×" + Text.number(layer.backwardGain), 12)
          + Text.right(Text.number(layer.gradientNorm), 12) + "  \(theory(layer))"
      }
  }

  private func theory(_ layer: Forecast.Layer) -> String {
    guard let theory = layer.theory else { return "unknown" }
    let sign = theory.isExact ? "" : "~ (not exact here) "
    return "\(sign)×\(Text.number(theory.forwardGain)) ×\(Text.number(theory.backwardGain))"
  }

  // MARK: what it is not

  private var unknown: [String] {
    var lines = [out.bold("not promised")]
    if let sharpness = forecast.sharpness, !sharpness.value.isFinite {
      lines.append("  sharpness not measured: a gradient near the start is not finite")
    } else if let sharpness = forecast.sharpness, let edge = sharpness.edge {
      let certain = sharpness.isCertain ? "" : " (uncertain)"
      lines.append(
        "  sharpness \(Text.number(sharpness.value))\(certain), stable on a quadratic below "
          + "\(Text.number(edge)): a lead, no verdict")
    }
    if forecast.verdict != .exploding {
      lines.append(
        "  what sharpens after step \(max(0, forecast.dryRun.steps - 1)) is not seen here: "
          + "keel train watches every step")
    }
    lines.append(
      "  margins are of short runs, most within ×1.2, some ×2 off; "
        + "\(Text.count(Int(forecast.cost.evaluations))) gradients were spent")
    return lines
  }

  private var next: [String] {
    let command =
      switch forecast.verdict {
      case .exploding: "keel cure \(line)  # find the smallest change that works, and prove it"
      case .vanishing: "keel diagnose \(line)  # find out why it learns nothing, by experiment"
      case .stable: "keel train \(line)  # train it, watching every layer"
      }
    return [out.dim("next"), "  \(command)"]
  }
}
