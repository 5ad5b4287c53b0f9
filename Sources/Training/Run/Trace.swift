import KeelData
import KeelEngine

/// What happened: numbers of every step, and the events worth a word.
public struct Trace: Sendable {
  /// The mean data loss of each step's batch, without penalty; float32, NaN and ±Inf as they came.
  public private(set) var losses: [Float] = []
  /// The norm of all gradients as one vector, before clipping; NaN where the step did not get
  /// there.
  public private(set) var gradientNorms: [Float] = []
  /// The same after clipping.
  public private(set) var clippedNorms: [Float] = []
  /// The learning rate of each step as the schedule gave it, for skipped steps too.
  public private(set) var learningRates: [Float] = []
  /// What the probes measured, a row a recorded step: probe by probe, layer by layer.
  public private(set) var measures: [Float] = []
  /// Every how many steps `measures` has a row; doubles when a long run fills `capacity`.
  public private(set) var stride = 1
  /// Surges, divergences, skips and recoveries, in the order of their steps.
  public private(set) var events: [Event] = []
  /// Steps that changed nothing: loss or gradient was not finite, or the gradient far above the
  /// usual.
  public private(set) var skipped = 0

  /// The newest recovery, and how many steps there were when it was recorded: the run had by then
  /// gone on from it for as long as it took to show that it holds.
  private var newestRecovery: (event: Event, steps: Int)?

  /// Layers that have parameters, in plan order.
  public let layers: [String]
  /// What is measured in each layer, in the order in which `measures` holds it.
  public let probes: [any Probe.Type]
  /// Rows that `measures` can hold.
  private let capacity: Int

  /// Something that happened in a step.
  public struct Event: Hashable, Codable, Sendable {
    /// What is worth a word beside the numbers of a step.
    public enum Kind: String, Hashable, Codable, Sendable {
      /// The gradient norm is far above what has been usual.
      case surge
      /// The averaged loss passed 5·max(B, L₀).
      case divergence
      /// The step was skipped: it was not finite, its gradient was far above the usual, or its
      /// batch is known to be bad.
      case skipped
      /// The run exploded later on, went back to before this step, and on from here.
      case recovery
    }
    /// The step it happened in, counted from 0; for a recovery the one the run went on from.
    public let step: Int
    /// What happened; it decides what `value` is.
    public let kind: Kind
    /// Robust deviations for a surge, the step of the explosion for a recovery, the loss otherwise.
    public let value: Float

    init(step: Int, kind: Kind, value: Float) {
      (self.step, self.kind, self.value) = (step, kind, value)
    }

    /// That a run went back and on.
    package init(_ recovery: Training.Recovery) {
      self.init(step: recovery.rewoundTo, kind: .recovery, value: Float(recovery.step))
    }
  }

  /// More events than this are not kept; a run that surges in every step says nothing new.
  public static let eventLimit = 1000
  /// Floats that `measures` may take: 64 MB.
  static let measureLimit = 1 << 24

  /// Bytes that the trace of a run takes from its beginning.
  static func bytes(layers: Int, probes: Int, total: Int) -> Int {
    let width = max(1, layers * probes)
    return (capacity(width, total) * width + 4 * reserved(total)) * 4
  }

  private static func capacity(_ width: Int, _ total: Int) -> Int {
    max(2, min(total, measureLimit / width))
  }

  private static func reserved(_ total: Int) -> Int { min(total, 1 << 22) }

  init(layers: [String], probes: [any Probe.Type], total: Int) {
    self.layers = layers
    self.probes = probes
    let width = max(1, layers.count * probes.count)
    capacity = Self.capacity(width, total)
    let reserved = Self.reserved(total)
    losses.reserveCapacity(reserved)
    gradientNorms.reserveCapacity(reserved)
    clippedNorms.reserveCapacity(reserved)
    learningRates.reserveCapacity(reserved)
    measures.reserveCapacity(capacity * width)
    events.reserveCapacity(Self.eventLimit)
  }

  /// Of a training that runs elsewhere.
  /// - Parameter names: of its layers, as far as they are known.
  package init(names: [String], total: Int) {
    self.init(
      layers: names.isEmpty ? ["model"] : names, probes: ProbeCatalog.standard.probes,
      total: total)
  }

  /// A copy in memory of its own: whoever keeps it does not slow the run down.
  init(_ other: Trace) {
    self.init(layers: other.layers, probes: other.probes, total: 0)
    replace(with: other)
  }

  /// Steps recorded.
  public var count: Int { losses.count }

  /// In how many steps clipping made the norm of all gradients smaller.
  public var clippedSteps: Int {
    clippedNorms.indices.count { clippedNorms[$0] < gradientNorms[$0] }
  }

  /// In what share of some steps clipping took more than a thousandth off the norm of all
  /// gradients: what is less is rounding.
  package func clippedShare(of steps: some Collection<Int>) -> Double {
    let acted = steps.count { clippedNorms[$0] < gradientNorms[$0] * 0.999 }
    return Double(acted) / Double(max(1, steps.count))
  }

  /// Whether a step changed nothing.
  public func wasSkipped(_ step: Int) -> Bool { clippedNorms[step].isNaN }

  /// The last step that was taken, up to and with one; that one, where none was.
  package func lastTakenStep(through step: Int) -> Int {
    (0...step).last { !wasSkipped($0) } ?? step
  }

  /// The events of the newest step; and the recovery, where it is the first one after that.
  var newestEvents: [Event] {
    let recovery = newestRecovery.flatMap { $0.steps == count - 1 ? $0.event : nil }
    guard recovery != nil || events.last?.step == count - 1 else { return [] }
    let newest = events.reversed().prefix { $0.step >= count - 1 }
    return (recovery.map { [$0] } ?? []) + newest.reversed().filter { $0.kind != .recovery }
  }

  /// Floats a row of `measures`.
  private var width: Int { layers.count * probes.count }

  /// What a probe measured in a layer, at steps 0, `stride`, 2·`stride`, ….
  public func series<P: Probe>(_ probe: P.Type, layer: String) -> [Float] {
    guard let first = probes.firstIndex(where: { $0 == probe }),
      let second = layers.firstIndex(of: layer)
    else { return [] }
    return Swift.stride(
      from: first * layers.count + second, to: measures.count, by: width
    ).map { measures[$0] }
  }

  /// The layer whose update was largest for its weights, in a step (or the recorded one before it).
  package func mostMovedLayer(at step: Int) -> String {
    guard let probe = probes.firstIndex(where: { $0 == UpdateRatio.self }), !measures.isEmpty else {
      return layers[0]
    }
    let row = min(step / stride, measures.count / width - 1)
    let ratios = layers.indices.map { measures[row * width + probe * layers.count + $0] }
    // Nobody has told how far the layers moved.
    if ratios.allSatisfy(\.isNaN) { return "loss" }
    return layers[ratios.indices.max { ratios[$0] < ratios[$1] }.required("there are layers")]
  }

  // MARK: recording

  /// A step that somebody else took.
  package mutating func record(
    loss: Double, learningRate: Double, gradientNorm: Double, layers: [String: LayerMeasures]
  ) {
    let norm = Self.norm(gradientNorm)
    // A norm that nobody tells is no sign of a step that was skipped.
    record(
      loss: Float(loss), gradientNorm: norm, clippedNorm: norm.isNaN ? 0 : norm,
      learningRate: Float(learningRate), layers: layers)
  }

  /// A step that is read again as it was recorded.
  package mutating func record(
    loss: Float, gradientNorm: Float, clippedNorm: Float, learningRate: Float,
    layers: [String: LayerMeasures]
  ) {
    losses.append(loss)
    learningRates.append(learningRate)
    gradientNorms.append(gradientNorm)
    clippedNorms.append(clippedNorm)
    if clippedNorm.isNaN { skipped += 1 }
    let names = self.layers
    appendRow { probe, layer in layers[names[layer]].map(probe.measure) ?? .nan }
  }

  mutating func record(loss: Double, learningRate: Double) {
    losses.append(Float(loss))
    learningRates.append(Float(learningRate))
    gradientNorms.append(.nan)
    clippedNorms.append(.nan)
  }

  /// Infinite only where a gradient is: the norm of finite ones may lie beyond float32, and is then
  /// its largest number.
  static func norm(_ gradientNorm: Double) -> Float {
    let largest = Double(Float.greatestFiniteMagnitude)
    return Float(gradientNorm.isFinite ? min(gradientNorm, largest) : gradientNorm)
  }

  /// Whoever took the newest step says that it changed nothing.
  package mutating func passOver() {
    clippedNorms[count - 1] = .nan
    recordSkip()
  }

  /// A step that was taken, or as much of it as was.
  mutating func record(_ result: TrainingStep.Result) {
    record(loss: result.loss, learningRate: result.learningRate)
    gradientNorms[count - 1] = Self.norm(result.gradientNorm)
    clippedNorms[count - 1] = Float(result.clippedNorm)
  }

  mutating func record(_ layers: LayerSums) {
    appendRow { probe, layer in probe.measure(LayerMeasures(layers.sums[layer])) }
  }

  /// A row for the newest step, if it is one of every `stride`.
  private mutating func appendRow(_ value: (any Probe.Type, Int) -> Float) {
    let step = count - 1
    guard step % stride == 0, width > 0 else { return }
    if measures.count == capacity * width { thin() }
    guard step % stride == 0 else { return }
    for probe in probes {
      for layer in layers.indices { measures.append(value(probe, layer)) }
    }
  }

  /// A step that changed nothing: its row of measures is NaN.
  mutating func recordSkip() {
    skipped += 1
    record(.skipped, value: Double(losses[count - 1]))
    appendRow { _, _ in .nan }
  }

  mutating func record(_ kind: Event.Kind, value: Double) {
    guard events.count < Self.eventLimit else { return }
    events.append(Event(step: count - 1, kind: kind, value: Float(value)))
  }

  /// The run went back from an explosion to before `step`, and on.
  mutating func recordRecovery(at step: Int, from explosion: Int) {
    let place = events.firstIndex { $0.step >= step } ?? events.count
    let event = Event(step: step, kind: .recovery, value: Float(explosion))
    events.insert(event, at: place)
    newestRecovery = (event, count)
  }

  /// Takes over what another run recorded, in the memory there is.
  mutating func replace(with other: Trace) {
    func copy(_ values: inout [Float], _ new: [Float]) {
      values.removeAll(keepingCapacity: true)
      values.append(contentsOf: new)
    }
    copy(&losses, other.losses)
    copy(&gradientNorms, other.gradientNorms)
    copy(&clippedNorms, other.clippedNorms)
    copy(&learningRates, other.learningRates)
    copy(&measures, other.measures)
    events.removeAll(keepingCapacity: true)
    events.append(contentsOf: other.events)
    (stride, skipped, newestRecovery) = (other.stride, other.skipped, nil)
  }

  /// Forgets every step from `step` on, but not that a run came back from there.
  mutating func truncate(to step: Int) {
    losses.removeSubrange(step...)
    gradientNorms.removeSubrange(step...)
    clippedNorms.removeSubrange(step...)
    learningRates.removeSubrange(step...)
    let rows = (step + stride - 1) / stride
    measures.removeSubrange(min(measures.count, rows * width)...)
    skipped = clippedNorms.count { $0.isNaN }
    events.removeAll { $0.step >= step && $0.kind != .recovery }
    newestRecovery = nil
  }

  /// Keeps every second row.
  private mutating func thin() {
    var kept = 0
    for row in Swift.stride(from: 0, to: measures.count / width, by: 2) {
      for column in 0..<width { measures[kept * width + column] = measures[row * width + column] }
      kept += 1
    }
    measures.removeSubrange((kept * width)...)
    stride *= 2
  }
}

// MARK: as tensors

extension Trace {
  static let seriesNames = [
    "trace.loss", "trace.gradient-norm", "trace.clipped-norm", "trace.learning-rate",
  ]
  static let measuresName = "trace.measures"

  /// Rows of measures.
  var rows: Int { measures.count / max(1, width) }

  var tensors: [Tensor] {
    zip(Self.seriesNames, [losses, gradientNorms, clippedNorms, learningRates]).map {
      .init(name: $0, shape: Shape($1.count), values: $1)
    } + [
      .init(
        name: Self.measuresName, shape: Shape(rows, probes.count, layers.count), values: measures)
    ]
  }

  /// What was written as tensors.
  struct Series {
    let losses, gradientNorms, clippedNorms, learningRates, measures: [Float]

    init(_ tensors: [Tensor]) {
      func values(_ name: String) -> [Float] { tensors.first { $0.name == name }?.values ?? [] }
      losses = values(Trace.seriesNames[0])
      gradientNorms = values(Trace.seriesNames[1])
      clippedNorms = values(Trace.seriesNames[2])
      learningRates = values(Trace.seriesNames[3])
      measures = values(Trace.measuresName)
    }
  }

  /// What was written as tensors, and the rest of it.
  mutating func fill(from series: Series, events: [Event], stride: Int) {
    (losses, gradientNorms) = (series.losses, series.gradientNorms)
    (clippedNorms, learningRates) = (series.clippedNorms, series.learningRates)
    (measures, self.events, self.stride) = (series.measures, events, stride)
  }
}
