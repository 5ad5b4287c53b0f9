import KeelAuthoring

/// What a person reads after a training: the verdict, then the numbers, then what to type next.
package struct TrainPage: Page {
  private let training: Training
  private let trace: Trace
  private let size: RunSize
  private let baseline: Baseline
  /// What the run began with, and what healing has made of it.
  private let recipe: Recipe
  private let inEffect: Recipe
  private let line: String
  private let first: Int
  /// What dear probes saw; nil where none was asked for.
  private let samples: [SampledSeries]?
  /// Whether it was to be healed where it explodes.
  private let heals: Bool
  private var kept: Kept?
  private var run: String?

  /// What became of the file that a run keeps itself in.
  package struct Kept {
    let path: String
    let step: Int?
    let isThere: Bool
    let why: String?

    /// - Parameters:
    ///   - step: that the file stands at; nil where nothing was written.
    ///   - isThere: whether there is a file.
    ///   - why: nothing was written.
    package init(path: String, step: Int?, isThere: Bool, why: String?) {
      (self.path, self.step, self.isThere, self.why) = (path, step, isThere, why)
    }
  }

  /// - Parameters:
  ///   - run: what was trained, and `line` how its recipe stood on the command line.
  ///   - first: the step that the run went on from; 0 for one that began anew.
  ///   - samples: what dear probes saw; nil where none was asked for.
  ///   - heals: whether it was to be healed where it explodes.
  package init(
    _ training: Training, of run: Run, line: String, from first: Int,
    samples: [Run.Sample]? = nil, heals: Bool = false
  ) async throws {
    self.heals = heals
    (self.training, self.line, self.first) = (training, line, first)
    self.samples = samples.map(SampledSeries.all)
    recipe = run.recipe
    inEffect = try await run.network.recipe
    (trace, size, baseline) = (await run.trace, await run.size, await run.baseline)
  }

  /// The same with what became of `--save`, and the run's name on a command line.
  package func telling(_ kept: Kept?, at run: String?) -> TrainPage {
    var page = self
    (page.kept, page.run) = (kept, run)
    return page
  }

  /// As a command line names it.
  private var saved: String? {
    kept.flatMap { $0.step == nil ? nil : Text.quoted($0.path) }
  }

  private var out: Style.Type { Style.self }

  package var text: String {
    var lines = [head, ""]
    lines += training.outcome == .exploded ? exploded : trained
    lines += sampled
    lines += HealingLines(training, recipe, inEffect, line).lines
    if heals, training.outcome == .exploded, training.recoveries.isEmpty {
      lines += [
        "", out.bold("not healed") + "  no change was found with which it goes on from before",
      ]
    }
    lines += [""] + next
    return lines.joined(separator: "\n") + "\n"
  }

  private var head: String {
    let rows =
      "\(Text.count(size.trainRows)) rows to train on\(dropped)"
      + (size.testRows > 0 ? ", \(Text.count(size.testRows)) to test" : "")
    return
      "\(out.bold(shown(recipe.name, limit: 60)))  \(Text.count(size.parameters)) parameters · \(rows) · "
      + "\(Text.count(size.steps)) steps of \(size.batch)"
  }

  /// What became of `bad-rows: drop`.
  private var dropped: String {
    guard recipe.training.badRows == .drop else { return "" }
    return size.droppedRows == 0
      ? " (no bad rows found to drop)" : " (\(Text.count(size.droppedRows)) bad ones dropped)"
  }

  private var speed: String {
    let again = first > 0 ? ", resumed at step \(Text.count(first))" : ""
    if first > 0, first == training.steps {
      return "\(Text.count(training.steps)) steps\(again): nothing was left to do"
    }
    let steps = training.steps - first
    return "\(Text.count(steps)) step\(steps == 1 ? "" : "s") in \(Text.seconds(training.seconds)) "
      + "(\(Text.count(Int(training.stepsPerSecond))) a second)\(again)"
  }

  private var sampled: [String] {
    guard let samples else { return [] }
    let lines = SampledSeries.lines(samples)
    guard let first = lines.first else {
      return ["  sampled     nothing: the training was too short for its budget"]
    }
    return ["  sampled     \(first)"] + lines.dropFirst().map { "              \($0)" }
  }

  // MARK: a network that was lost

  private var exploded: [String] {
    guard let explosion = training.explosion else { return [] }
    return [
      "\(out.red("✗ exploding")) at step \(explosion.step)", "  \(Self.sentence(explosion))", "",
    ] + lastSteps + ["", "  loss  \(Text.sparkline(trace.losses))  \(speed)"] + alarms
  }

  /// An explosion in words: `dense-2.weight became non-finite in the update (overflow)`.
  /// - Parameter numbers: what it was calculated in.
  static func sentence(_ explosion: Explosion, in numbers: String = "float32") -> String {
    switch explosion.kind {
    case .divergence:
      let left = "the averaged loss passed 5 times its start, and nothing was learnt after"
      // Of an engine that tells no updates nobody knows which layer moved.
      return explosion.place == "loss"
        ? left : "\(left); \(explosion.place) moved most for its size"
    case .nonFinite:
      let pass =
        switch explosion.pass {
        case .forward: "forward pass"
        case .backward: "backward pass"
        case .update: "update"
        }
      let origin =
        switch (explosion.operation, explosion.origin) {
        case ("exponent", _): "an exponential too large for its numbers"
        case ("logarithm", _): "the logarithm of zero"
        case ("root", _): "the slope of a root at zero is infinite"
        case ("empty-mean", _): "a mean of nothing, 0/0"
        case (_, .overflow): "too large for \(numbers)"
        case (_, .invalid): "0/0, log 0 or ∞ − ∞"
        case (_, .input), (_, nil): "it was there before the step"
        }
      return "\(explosion.place) is the first to be non-finite, in the \(pass) (\(origin))"
    }
  }

  /// The six steps up to the one that is named; where the loss left and was given time to come
  /// back, those in which it left.
  private var lastSteps: [String] {
    let end = min(trace.count, (training.explosion?.step ?? trace.count) + 1)
    let isClipped = trace.clippedSteps > 0
    let header =
      "  " + Text.right("step", 6) + Text.right("loss", 12) + Text.right("gradient", 12)
      + (isClipped ? Text.right("clipped", 12) : "")
    return [out.dim(header)]
      + (max(0, end - 6)..<end).map { step in
        let clipped = reached(step, .update) ? Text.number(trace.clippedNorms[step]) : "–"
        return "  " + Text.right(String(step), 6)
          + Text.right(Text.number(trace.losses[step]), 12)
          + Text.right(reached(step, .backward) ? Text.number(trace.gradientNorms[step]) : "–", 12)
          + (isClipped ? Text.right(clipped, 12) : "")
      }
  }

  /// Whether a step got as far as a pass.
  private func reached(_ step: Int, _ pass: Explosion.Pass) -> Bool {
    guard let explosion = training.explosion, explosion.step == step else { return true }
    return explosion.pass == pass || explosion.pass == .update
  }

  // MARK: a network that was trained

  private var trained: [String] {
    let verdict = training.verdict
    let mark = verdict == .healthy ? out.green("✓ healthy") : out.yellow("! \(verdict.rawValue)")
    let stopped = training.outcome == .stopped ? ", stopped on request" : ""
    var lines = ["\(mark)\(stopped)  \(speed)", ""]
    lines.append("  loss        \(Text.sparkline(trace.losses))")
    lines.append(
      "              \(Text.number(training.loss)) at the end; "
        + "\(Text.number(baseline.initial)) untrained, "
        + "\(Text.number(baseline.constant)) for the best constant: skill "
        + Text.number(training.skill))
    if let metric = training.metric {
      let test = metric.test.map { ", \(value($0)) on the test part" } ?? ""
      lines.append(
        "  \(Text.padded(metric.name, 12))\(value(metric.train)) on the training part\(test)")
    } else {
      lines.append(
        "  score       none: it was stopped before all rows had been through the network")
    }
    return lines + Self.remarks(training, size).map { "              \($0)" } + gradients + alarms
  }

  /// What has to be known to read the numbers.
  static func remarks(_ training: Training, _ size: RunSize) -> [String] {
    var lines: [String] = []
    if let row = size.outlyingTestRow, training.metric?.name == "r-squared" {
      lines.append(
        "row \(row) of the test part is far outside the others and decides that: look at it")
    }
    if size.hasLoneRow {
      lines.append(
        "the last batch of an epoch is one row, of which batch-norm makes nothing: drop-last: true")
    }
    if size.hasOneTarget {
      let rows = size.trainRows == 1 ? "there is one row" : "all \(Text.count(size.trainRows)) rows"
      lines.append("\(rows) to train on, with one target: skill is against the untrained network")
    }
    return lines
  }

  /// The same for machines.
  package var body: Body { Body(training, size, samples) }

  package struct Body: Encodable {
    let training: Training
    let remarks: [String]
    let plannedBytes: Int
    let samples: [SampledSeries]?

    init(_ training: Training, _ size: RunSize, _ samples: [SampledSeries]?) {
      self.samples = samples
      (self.training, remarks) = (training, TrainPage.remarks(training, size))
      plannedBytes = size.plannedBytes
    }

    private enum CodingKeys: CodingKey { case remarks, plannedBytes, samples }

    package func encode(to encoder: any Encoder) throws {
      try training.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(remarks, forKey: .remarks)
      try container.encode(plannedBytes, forKey: .plannedBytes)
      try container.encode(samples, forKey: .samples)
    }
  }

  private func value(_ value: Double) -> String {
    training.metric?.name == "accuracy" ? Text.percent(value) : Text.number(value)
  }

  private var gradients: [String] {
    let norms = trace.gradientNorms.filter(\.isFinite)
    guard let largest = norms.max(), let median = norms.median,
      let step = trace.gradientNorms.firstIndex(of: largest)
    else { return [] }
    let clipped = trace.clippedSteps
    let acted = clipped > 0 ? "; clipped in \(Text.count(clipped)) steps" : ""
    return [
      "  gradient    median \(Text.number(median)), largest \(Text.number(largest)) "
        + "at step \(step)\(acted)"
    ]
  }

  private var alarms: [String] {
    let surges = trace.events.filter { $0.kind == .surge }
    var lines: [String] = []
    if let worst = surges.max(by: { $0.value < $1.value }) {
      lines.append(
        "  alarms      \(surges.count) surge\(surges.count == 1 ? "" : "s") of the gradient, "
          + "the worst at step \(worst.step)")
    }
    return lines + skipped
  }

  /// How many steps changed nothing, why, and the first of them.
  private var skipped: [String] {
    let steps = (0..<trace.count).filter { trace.wasSkipped($0) && $0 != training.explosion?.step }
    guard !steps.isEmpty else { return [] }
    let large = steps.count { trace.gradientNorms[$0].isFinite }
    let why = [(steps.count - large, "not finite"), (large, "with a gradient far above the usual")]
      .filter { $0.0 > 0 }.map { "\(Text.count($0.0)) \($0.1)" }.joined(separator: ", ")
    let first = steps.prefix(5).map(String.init).joined(separator: ", ")
    return [
      "  skipped     \(Text.count(steps.count)) \(steps.count == 1 ? "step" : "steps"): \(why)",
      "              at \(first)\(steps.count > 5 ? ", …" : "")",
    ]
  }

  // MARK: what to type

  private var next: [String] {
    var lines: [String] = []
    lines += keeping
    lines.append(out.dim("next"))
    switch training.outcome {
    case .exploded:
      lines.append("  keel cure \(line)  # find the smallest change that works, and prove it")
      if !heals, training.recoveries.isEmpty {
        lines.append("  keel train \(line) --heal  # go back to before it, and on")
      }
    case .stopped:
      lines.append(
        saved.map { "  keel train \(line) --resume \($0)  # go on where it stopped" }
          ?? "  keel train \(line)  # train it again from the start")
    case .trained where training.verdict != .healthy:
      if !training.recoveries.isEmpty {
        lines.append("  keel cure \(line)  # find what trains it from the start, and prove it")
      }
      lines.append("  keel diagnose \(line)\(healed)  # find out why it learns nothing")
    case .trained where saved == nil:
      let heal = training.recoveries.isEmpty ? "" : " --heal"
      lines.append("  keel train \(line)\(heal) --save model.safetensors  # keep the network")
    case .trained: break
    }
    if let saved { lines.append("  keel predict \(saved) NEW.csv  # use it") }
    if let run { lines.append("  keel report \(run)  # see it in pictures") }
    return lines
  }

  /// What healing has set, as a command line sets it; what was put in or taken out is none of it.
  private var healed: String {
    training.recoveries.flatMap(\.changes).compactMap { change in
      guard change.from != nil, let value = change.to?.line else { return nil }
      return " --set " + Text.quoted("\(change.path)=\(value)")
    }.joined()
  }

  private var keeping: [String] {
    guard let kept else { return [] }
    guard let step = kept.step else {
      let what = kept.isThere ? "was left as it was" : "was not written"
      return ["\(kept.path) \(what)" + (kept.why.map { ": \($0)" } ?? "")]
    }
    return [
      training.outcome == .exploded
        ? "saved to \(kept.path) as it was at step \(Text.count(step))"
        : "saved to \(kept.path)"
    ]
  }
}
