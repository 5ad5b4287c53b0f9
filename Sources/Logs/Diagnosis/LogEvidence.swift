import Foundation
import KeelTraining

/// The series of a log that say something of its end, and what they say.
struct LogEvidence {
  let loss: LogSeries
  let norm: LogSeries?
  let rate: LogSeries?
  let layers: [(name: String, series: LogSeries)]

  /// The loss before training: the median of the first tenth, of ten values at the most.
  let start: Double
  /// The loss at the end: the median of the last tenth, of what is finite.
  let end: Double

  init(
    loss: LogSeries, norm: LogSeries?, rate: LogSeries?, layers: [(name: String, series: LogSeries)]
  ) {
    (self.loss, self.norm, self.rate, self.layers) = (loss, norm, rate, layers)
    let finite = loss.values.filter(\.isFinite)
    let count = min(10, max(1, finite.count / 10))
    start = finite.prefix(count).middle ?? .nan
    end = finite.suffix(max(1, finite.count / 10)).middle ?? .nan
  }

  // MARK: what became of it

  /// Where it was lost: in the first value that is not finite, or in the step in which the loss
  /// passed five times its start and did not come back.
  ///
  /// A gradient that is not finite is an event of a training that learns all the same: a loss
  /// scaler skips such a step.
  var explosion: Explosion? {
    let lost = loss.lost?.step
    let left = divergence
    // One that came back was an event, whatever became of the loss later.
    if let gradient = norm?.lost?.step, gradient <= lost ?? .max,
      lost != nil || left != nil || !hasLearnt
    {
      return Explosion(
        step: gradient, place: "gradient", pass: .backward, kind: .nonFinite, origin: nil)
    }
    if let lost {
      return Explosion(step: lost, place: "loss", pass: .forward, kind: .nonFinite, origin: nil)
    }
    return left.map {
      Explosion(step: $0, place: "loss", pass: .update, kind: .divergence, origin: nil)
    }
  }

  /// The start of the last stretch above five times the start; nil where it came back.
  ///
  /// Of a loss that may be negative: above what it began with by five times its range.
  private var divergence: Int? {
    let points = loss.points.filter(\.value.isFinite)
    guard points.count >= 4, start.isFinite, end.isFinite else { return nil }
    let least = points.map(\.value).min() ?? 0
    // Of a loss that leaves at once the median of its first values is far above where it began.
    let start = min(start, points[0].value)
    let (floor, scale) = least < 0 ? (start, max(abs(start - least), 1)) : (0, start)
    let edge = floor + 5 * scale
    guard scale > 0 else { return nil }
    // One value among others moves nothing: each is the median of five around it.
    let smooth = points.indices.map { index in
      points[max(0, index - 2)...min(points.count - 1, index + 2)].map(\.value).middle ?? start
    }
    guard let last = smooth.last, last > edge else { return nil }
    let low = smooth.lastIndex { $0 <= edge } ?? -1
    guard let first = points.indices.first(where: { $0 > low && points[$0].value > edge }),
      // As long as a training is given time to come back: a twentieth of it, of few values three.
      points.count - first >= max(3, points.count / 20)
    else { return nil }
    // The median is late by as much as it looks around.
    let early = (max(0, first - 2)..<first).first { points[$0].value > edge } ?? first
    return points[early].step
  }

  /// Exploding, or by what it learnt: its loss beside the one that it began with.
  var verdict: Verdict {
    explosion != nil ? .exploding : hasLearnt ? .healthy : .stalled
  }

  private var hasLearnt: Bool { skill >= Verdict.learnt }

  /// How much of the loss that it began with is gone; NaN where neither end is finite.
  var skill: Double { start > 0 ? 1 - end / start : 1 - exp(end - start) }

  // MARK: what led

  /// Points of a series before a step, and the one of the step.
  static func points(_ series: LogSeries, before step: Int) -> [LogSeries.Point] {
    series.points.filter { $0.step <= step }
  }

  /// Whoever left what was usual first; the rate, where it had been raised until then.
  func leader(before step: Int) -> (what: LogDiagnosis.Leader, step: Int?) {
    let lossPoints = Self.points(loss, before: step)
    let losses = Departure(lossPoints)
    let norms = norm.flatMap { Departure(Self.points($0, before: step)) }
    let first = [losses?.step, norms?.step].compactMap { $0 }.min() ?? step
    if let rate, let rose = Self.rise(rate, before: first) { return (.rate, rose) }
    // Of a step the gradient is taken after the loss: in the same step the loss led.
    switch (losses, norms) {
    case (let losses?, let norms?):
      return norms.step < losses.step ? (.gradientNorm, norms.step) : (.loss, losses.step)
    case (nil, let norms?): return (.gradientNorm, norms.step)
    case (let losses?, nil):
      // The only value that left is the one that is lost: nothing was seen to lead.
      let isAlone = losses.place == lossPoints.count - 1 && !lossPoints[losses.place].value.isFinite
      return isAlone ? (.nothing, nil) : (.loss, losses.step)
    case (nil, nil): return (.nothing, nil)
    }
  }

  /// The step from which on the rate rose, where it had just done so before a departure; nil where
  /// it had not.
  ///
  /// It has been at its height for a fifth of the values at the most (ten, of few), and that is
  /// half as much again as in the first half before (a warm-up, a growing schedule), or twice what
  /// it was since (a restart).
  static func rise(_ rate: LogSeries, before step: Int) -> Int? {
    let points = rate.points.filter { $0.step <= step && $0.value.isFinite && $0.value > 0 }
    guard let last = points.last, points.count >= 3 else { return nil }
    let window = max(10, points.count / 5)
    let since = points.lastIndex { $0.value < 0.99 * last.value }.map { $0 + 1 } ?? 0
    guard since > 0, points.count - since <= window else { return nil }
    let usual = points.prefix(max(1, points.count / 2)).map(\.value).middle ?? last.value
    let recent = points.suffix(window)
    let least = recent.map(\.value).min() ?? last.value
    guard last.value >= 1.5 * usual || last.value >= 2 * least else { return nil }
    return (points.last { $0.value <= least * 1.01 } ?? points[since]).step
  }

  /// How the loss, or else the gradient norm, grew from where it left to where it was lost.
  func law(before step: Int) -> GrowthLaw? {
    for (metric, series) in [(MetricName.loss, Optional(loss)), (.gradientNorm, norm)] {
      guard let points = series.map({ Self.points($0, before: step) }),
        let departure = Departure(points),
        var law = GrowthLaw(points[max(0, departure.place - 1)...])
      else { continue }
      law.quantity = metric.rawValue
      return law
    }
    return nil
  }

  // MARK: clipping, layers

  /// How many values stand at the largest: a norm that is logged behind a clip cannot pass it.
  static func clippedShare(_ norm: LogSeries) -> Double? {
    let values = norm.values.filter { $0.isFinite && $0 > 0 }
    guard let largest = values.max(), values.count >= 10 else { return nil }
    let share = Double(values.count { $0 >= largest * 0.999 }) / Double(values.count)
    return share >= 0.1 ? share : nil
  }

  /// The layer whose gradient left first.
  func firstLayer(before step: Int) -> (name: String, step: Int)? {
    layers.compactMap { layer in
      Departure(Self.points(layer.series, before: step)).map { (layer.name, $0.step) }
    }.min { $0.1 < $1.1 }
  }

  /// What a layer multiplies the gradient by on its way towards the input: the slope of log₁₀ of
  /// the norms over the layers, in the last step before `step` in which all are finite.
  func layerGain(before step: Int) -> Double? {
    // Of a layer its weights: a bias is no layer of its own.
    let weights = layers.filter { !$0.name.lowercased().hasSuffix("bias") }
    guard weights.count >= 4 else { return nil }
    let steps = weights[0].series.points.map(\.step).filter { $0 < step }
    for step in steps.suffix(16).reversed() {
      let norms = weights.compactMap { $0.series.value(at: step) }.filter { $0 > 0 && $0.isFinite }
      guard norms.count == weights.count else { continue }
      let points = norms.reversed().enumerated().map {
        LogSeries.Point(step: $0.offset, value: $0.element)
      }
      return GrowthLaw.factor(points)
    }
    return nil
  }

  /// Layers whose weights were logged.
  var depth: Int { layers.count { !$0.name.lowercased().hasSuffix("bias") } }

  // MARK: what it hides

  /// What this log cannot show, in sentences.
  func gaps(_ name: String, isPerEpoch: Bool) -> [String] {
    var gaps: [String] = []
    let interval = loss.interval
    if isPerEpoch {
      gaps.append(
        "'\(name)' is the mean of an epoch: the step of the explosion is known to an epoch, and its "
          + "growth not at all; log every step")
    } else if interval > 1 {
      gaps.append(
        "'\(name)' was logged every \(interval) steps: what happens within them is not on record")
    }
    if norm == nil { gaps.append("no gradient norm: whether it led or followed is not known") }
    if rate == nil { gaps.append("no learning rate: whether it rose before is not known") }
    if layers.isEmpty { gaps.append("no norms of layers: where it began is not known") }
    if loss.points.count < 10 {
      gaps.append("of so few values of the loss (\(loss.points.count)) not much can be told")
    }
    if loss.nonFinite > 0, loss.lost == nil {
      gaps.append("the loss was not finite in \(loss.nonFinite) values, and came back")
    }
    if loss.returns > 0 {
      gaps.append(
        "its steps go back \(loss.returns) \(loss.returns == 1 ? "time" : "times"): more than one "
          + "run, or one that was taken up again; they are read as one")
    }
    return gaps
  }
}
