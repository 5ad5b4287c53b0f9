import Foundation
import KeelAuthoring
import KeelArchive

/// The series of a run as pictures want them: of a long one the least and the largest of every bin.
struct KeptSeries {
  /// Which stretches of the run there are.
  private let numbers: [Int]
  private let losses: [StepSeries]
  /// Of each of them; nothing where it was not measured.
  private let norms: [StepSeries]
  private let clipped: [StepSeries]
  private let layers: [String]
  private let layerNorms: [StepSeries]
  private let ratios: [StepSeries]
  private let marks: [(segment: Int, mark: StepMark)]
  /// Where it exploded, as far as the archive knows before it has an answer.
  private let lost: FirstOffender?
  /// Whether it has no answer yet, and trains with a change after the training that failed.
  private let isRetraining: Bool

  /// Values of a series at the most: single steps of what has so many, else bins.
  static let most = 1 << 16

  /// The step that the run begins at; 0 where it has none yet.
  var first: Int { losses.first?.first ?? 0 }

  /// Nothing to draw.
  init() {
    (numbers, losses, norms, clipped, layers, layerNorms, ratios, marks, lost) = (
      [], [], [], [], [], [], [], [], nil
    )
    isRetraining = false
  }

  init(_ run: ArchivedRun, in history: History, atMost most: Int = most) throws {
    func segments(_ name: String, _ layer: String = "") throws -> [KeelArchive.Series.Segment] {
      try history.series(name, layer: layer, of: run.id, atMost: most)?.segments ?? []
    }
    let trained = try segments("loss")
    let numbers = trained.map(\.number)
    func eachStretch(_ name: String) throws -> [StepSeries] {
      let found = try segments(name)
      return numbers.map { number in
        found.first { $0.number == number }.map(Self.envelope) ?? StepSeries([])
      }
    }
    self.numbers = numbers
    isRetraining = run.found?.stage == .retraining
    lost = run.explosionStep.map { step in
      FirstOffender("lost", layer: run.explosionPlace, step: step, cause: run.cause)
    }
    losses = trained.map(Self.envelope)
    norms = try eachStretch("gradient-norm")
    clipped = try eachStretch("clipped-norm")
    // Of a cure the stretch that failed, of a training the one it ended on.
    let number = run.kind == .train ? numbers.last : numbers.first
    func stretch(_ name: String, _ layer: String) throws -> StepSeries {
      try segments(name, layer).first { $0.number == number }.map(Self.envelope) ?? StepSeries([])
    }
    // A cure may have trained a network with more layers.
    layers = try history.seriesNames(of: run.id)
      .filter { $0.name == "gradient-norm" && !$0.layer.isEmpty }.map(\.layer)
      .filter { try !stretch("gradient-norm", $0).values.isEmpty }
    layerNorms = try layers.map { try stretch("gradient-norm", $0) }
    ratios = try layers.map { try stretch("update-ratio", $0) }
    marks = try history.events(of: run.id).compactMap { event in
      let mark: StepMark? =
        switch Trace.Event.Kind(rawValue: event.kind) {
        case .surge, .divergence: StepMark(.alarm, step: event.step)
        case .skipped: StepMark(.skipped, step: event.step)
        case .recovery:
          Int(exactly: event.value).map { StepMark(.rewind(to: event.step), step: $0) }
        case nil: nil
        }
      return mark.map { (event.segment, $0) }
    }
  }

  /// Least and largest in turn where a value stands for several steps; what is not finite stays so.
  static func envelope(_ segment: KeelArchive.Series.Segment) -> StepSeries {
    guard segment.stride > 1 else { return StepSeries(segment.mean, first: segment.first) }
    let values = segment.mean.indices.flatMap { index -> [Float] in
      let mean = segment.mean[index]
      return mean.isFinite ? [segment.least[index], segment.largest[index]] : [mean, mean]
    }
    return StepSeries(values, first: segment.first, stride: segment.stride / 2)
  }

  /// The pictures of a run, in the order of a report.
  /// - Parameters:
  ///   - training: the one that is explained; nil where it has not ended.
  ///   - drawn: what the archive knows nothing of.
  ///   - trials: of a cure.
  func pictures(
    of training: Training?, findings: [Finding] = [], drawn: (gains: Gains?, exponents: Exponents?),
    table: [TruthTableRow]? = nil, trials: CaseHistory? = nil
  ) -> [any Picture] {
    let offender =
      training.map { $0.explosion.map { FirstOffender($0, cause: findings.first?.cause) } } ?? lost
    let first = layerNorms.first?.first ?? 0
    let heat = HeatMap(
      layers: layers, logNorms: layerNorms.map { $0.values.map { log10($0) } }, first: first,
      stride: layerNorms.first?.stride ?? 1, offender: offender)
    // Of a cure the first stretch is the training that failed, and the last one that of the change.
    let isCured = (trials?.outcome == .cured || isRetraining) && losses.count > 1
    let failed = trials == nil && !isRetraining ? losses.indices : losses.indices.prefix(1)
    let curves = Curves(
      loss: failed.map { losses[$0] }, gradientNorm: failed.map { norms[$0] },
      clippedNorm: failed.last.flatMap(clipping), marks: marks(in: failed), offender: offender)
    // Of a cure that an older Keel kept, what its trial had done is not on record.
    let start = losses.last.map { $0.first > 0 ? " from step \($0.first) on" : "" } ?? ""
    let changed =
      isCured
      ? Curves(
        loss: losses.suffix(1), gradientNorm: norms.suffix(1),
        clippedNorm: clipping(losses.count - 1), marks: marks(in: losses.indices.suffix(1)),
        phase: ", with the change\(start)") : nil
    let clip = failed.last.flatMap { place in
      clipping(place).flatMap { ClipActivity(before: norms[place], after: $0, offender: offender) }
    }
    let updates = UpdateRatios(layers: layers, ratios: ratios, offender: offender)
    let experiments = table.flatMap { rows in
      training.flatMap { TruthTablePicture(rows, $0, findings) }
    }
    let all: [(any Picture)?] = [
      heat, curves, drawn.gains, experiments, trials.flatMap { Tournament($0) }, changed, updates,
      clip, drawn.exponents,
    ]
    return all.compactMap { $0 }
  }

  private func marks(in stretches: Range<Int>) -> [StepMark] {
    // Of many stretches the last ones are drawn.
    let numbers = numbers[stretches].suffix(Curves.stretchLimit)
    return marks.filter { numbers.contains($0.segment) }.map(\.mark)
  }

  /// The norms after clipping; nil where nothing was clipped.
  private func clipping(_ stretch: Int) -> StepSeries? {
    guard stretch < min(norms.count, clipped.count) else { return nil }
    let (before, after) = (norms[stretch], clipped[stretch])
    let isClipped = zip(before.values, after.values).contains { $0.isFinite && $1 < $0 }
    return isClipped ? after : nil
  }
}

extension FirstOffender {
  init(_ explosion: Explosion, cause: String?) {
    let what =
      switch (explosion.kind, explosion.origin) {
      case (.divergence, _): "divergence"
      case (.nonFinite, .overflow): "∞"
      case (.nonFinite, _): "NaN"
      }
    let place = explosion.place
    let layer = place.lastIndex(of: ".").map { String(place[..<$0]) } ?? place
    self.init(what, layer: layer == "loss" ? nil : layer, step: explosion.step, cause: cause)
  }
}

extension TruthTablePicture {
  /// The recipe as it is first, then every experiment.
  init?(_ rows: [TruthTableRow], _ training: Training, _ findings: [Finding]) {
    var factors: [String] = []
    for name in findings.map(\.cause) + rows.flatMap(\.kept) where !factors.contains(name) {
      factors.append(name)
    }
    let own = Experiment(
      isKept: factors.map { _ in true },
      outcome: training.verdict == .exploding ? .explodes : .doesNotLearn, steps: training.steps)
    let others = rows.map { row in
      Experiment(
        isKept: factors.map(row.kept.contains), outcome: Outcome(row.outcome), steps: row.steps)
    }
    self.init(factors: factors, experiments: [own] + others)
  }
}

extension TruthTablePicture.Outcome {
  init(_ outcome: TrialOutcome) {
    switch outcome {
    case .holds: self = .holds
    case .explodes: self = .explodes
    case .doesNotLearn: self = .doesNotLearn
    case .undecided, .notMade: self = .undecided
    }
  }
}

extension Tournament {
  init?(_ cure: CaseHistory) {
    let changes = cure.remedies.map(\.changes)
    let total = cure.after?.steps
    // What was chosen stands once, with its whole training.
    let isTrained = cure.outcome == .cured && total != nil
    let others = cure.trials.filter {
      !isTrained || $0.seed != cure.recipe.seed || $0.remedies.map(\.changes) != changes
    }
    var trials = others.map { trial in
      let isOwn = trial.seed == cure.recipe.seed
      return Trial(
        CurePage.changes(trial) + (isOwn ? "" : " (seed \(trial.seed))"), end: trial.steps,
        ending: trial.outcome == .explodes
          ? .exploded : trial.outcome == .holds ? .held : .stopped,
        score: trial.score.isFinite ? trial.score : nil)
    }
    if let total, cure.outcome == .cured {
      let chosen = cure.trials.last { $0.remedies.map(\.changes) == changes }
      trials.insert(
        Trial(
          chosen.map { CurePage.changes($0) }
            ?? cure.remedies.map(\.remedy).joined(separator: " + "),
          end: total, ending: .finished, score: cure.after?.score, isChosen: true), at: 0)
    }
    self.init(trials)
  }
}
