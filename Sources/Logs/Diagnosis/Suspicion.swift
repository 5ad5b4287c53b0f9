import Foundation
import KeelCauses
import KeelTraining

/// Which causes a log makes likely, and by what; none is proved by it.
struct Suspicion {
  let evidence: LogEvidence
  let explosion: Explosion?
  let leader: LogDiagnosis.Leader?
  let law: GrowthLaw?
  let layerGain: Double?
  let firstLayer: String?
  let verdict: Verdict

  init(
    _ evidence: LogEvidence, explosion: Explosion?, leader: LogDiagnosis.Leader?, law: GrowthLaw?,
    layerGain: Double?, firstLayer: String?, verdict: Verdict
  ) {
    (self.evidence, self.explosion, self.leader) = (evidence, explosion, leader)
    (self.law, self.layerGain, self.firstLayer) = (law, layerGain, firstLayer)
    self.verdict = verdict
  }

  /// The likeliest first.
  var findings: [Finding] {
    guard let explosion else { return [] }
    let suspects = signs(explosion)
    var best: [String: (Double, [Exhibit])] = [:]
    for (cause, confidence, exhibit) in suspects {
      let known = best[cause] ?? (0, [])
      best[cause] = (max(known.0, confidence), known.1 + [exhibit])
    }
    return best.sorted { ($1.value.0, $0.key) < ($0.value.0, $1.key) }.map { cause, found in
      Finding(
        cause: cause, confidence: min(found.0, Finding.unproven), kind: .suspect,
        place: firstLayer, exhibits: found.1)
    }
  }

  /// Each sign, with the cause it speaks for and how much.
  ///
  /// Of what explodes in other people's trainings most is the rate, or data without a scale; a sign
  /// of something else is what makes that the first suspect.
  private func signs(_ explosion: Explosion) -> [(String, Double, Exhibit)] {
    var signs: [(String, Double, Exhibit)] = []
    func sign(
      _ cause: any Cause.Type, _ confidence: Double, _ quantity: String, _ measured: Double,
      _ expected: Double
    ) {
      let exhibit = Exhibit(
        quantity: quantity, measured: measured, expected: expected, layer: firstLayer,
        step: explosion.step)
      signs.append((cause.name, confidence, exhibit))
    }
    let points = LogEvidence.points(evidence.loss, before: explosion.step)
    let early = points.count <= 3
    if leader == .rate, let rate = evidence.rate {
      let before = rate.points.filter { $0.step <= explosion.step }.map(\.value)
      sign(
        GrowingLearningRate.self, 0.6, "learning rate where it was lost, over its start",
        (before.last ?? 0) / (before.first { $0 > 0 } ?? 1), 1)
    }
    if let layerGain, layerGain > 1.3 {
      let depth = evidence.depth
      sign(
        PoorInitialization.self, 0.55, "factor on the gradient's norm in one layer", layerGain, 1)
      if depth > 10 {
        sign(ExcessiveDepth.self, 0.45, "layers that each multiply the gradient", Double(depth), 10)
      }
    }
    if evidence.start > 1e3 {
      sign(UnscaledData.self, 0.5, "loss before training", evidence.start, 1)
      sign(PoorInitialization.self, 0.4, "loss before training", evidence.start, 1)
    }
    if let law, leader != .rate {
      sign(
        LargeLearningRate.self, law.isExponential ? 0.6 : 0.5, "factor of growth in a step",
        law.factor, 1)
    } else if explosion.kind == .divergence {
      sign(
        LargeLearningRate.self, 0.5, "loss at the end over its start",
        evidence.end / evidence.start, 1)
    }
    // From usual values to a hundred times as much, or to none, within two steps: one batch.
    if let jump = suddenly(points), !early {
      sign(OutlierBatch.self, 0.55, "loss in one step over what was usual", jump, 1)
    } else if leader == .nothing, !early {
      sign(OutlierBatch.self, 0.4, "steps in which it was seen to come", 0, 1)
      sign(NumericOverflow.self, 0.35, "steps in which it was seen to come", 0, 1)
    }
    if early {
      sign(LargeLearningRate.self, 0.4, "steps until it was lost", Double(points.count), 10)
      sign(PoorInitialization.self, 0.35, "steps until it was lost", Double(points.count), 10)
      sign(UnscaledData.self, 0.35, "steps until it was lost", Double(points.count), 10)
    }
    if signs.isEmpty {
      let largest = evidence.loss.values.filter(\.isFinite).max() ?? .nan
      sign(
        LargeLearningRate.self, 0.3, "largest loss over its start", largest / evidence.start, 1)
    }
    return signs
  }

  /// Values that make something usual: of what is lost within the first few none is.
  private static let usual = 10

  /// How far the loss leapt, where it left and was lost within two values, a hundred times what
  /// was usual and more; nil where it did not, or where the rate had risen.
  private func suddenly(_ points: [LogSeries.Point]) -> Double? {
    guard leader != .rate, let departure = Departure(points), departure.place >= Self.usual,
      points.count - departure.place <= 2, departure.usual > 0
    else { return nil }
    let jump = points[departure.place].value / departure.usual
    return jump >= 100 ? jump : nil
  }
}
