/// What happened: numbers of every step, and the events worth a word.
public struct Trace: Sendable {
  /// The mean data loss of each step's batch, without penalty; float32, NaN and ±Inf as they came.
  public private(set) var losses: [Float] = []
  /// The norm of all gradients as one vector, before clipping; NaN where the step did not get there.
  public private(set) var gradientNorms: [Float] = []
  /// The same after clipping.
  public private(set) var clippedNorms: [Float] = []
  public private(set) var learningRates: [Float] = []
  /// What the probes measured, a row a recorded step: probe by probe, layer by layer.
  public private(set) var measures: [Float] = []
  /// Every how many steps `measures` has a row; doubles when a long run fills `capacity`.
  public private(set) var stride = 1
  public private(set) var events: [Event] = []
  /// Steps that changed nothing: loss or gradient was not finite, or the gradient far above the usual.
  public private(set) var skipped = 0

  /// Layers that have parameters, in plan order.
  public let layers: [String]
  public let probes: [any Probe.Type]
  /// Rows that `measures` can hold.
  private let capacity: Int

  /// Something that happened in a step.
  public struct Event: Hashable, Codable, Sendable {
    public enum Kind: String, Hashable, Codable, Sendable {
      /// The gradient norm is far above what has been usual.
      case surge
      /// The averaged loss passed 5·max(B, L₀).
      case divergence
      /// The step was not finite, or its gradient far above the usual, and it was skipped.
      case skipped
    }
    public let step: Int
    public let kind: Kind
    /// Robust deviations for a surge, the loss otherwise.
    public let value: Float
  }

  /// More events than this are not kept; a run that surges in every step says nothing new.
  public static let eventLimit = 1000
  /// Floats that `measures` may take: 64 MB.
  static let measureLimit = 1 << 24

  init(layers: [String], probes: [any Probe.Type], total: Int) {
    self.layers = layers
    self.probes = probes
    let width = max(1, layers.count * probes.count)
    capacity = max(2, min(total, Self.measureLimit / width))
    let reserved = min(total, 1 << 22)
    losses.reserveCapacity(reserved)
    gradientNorms.reserveCapacity(reserved)
    clippedNorms.reserveCapacity(reserved)
    learningRates.reserveCapacity(reserved)
    measures.reserveCapacity(capacity * width)
    events.reserveCapacity(Self.eventLimit)
  }

  /// Steps recorded.
  public var count: Int { losses.count }

  /// In how many steps clipping made the norm of all gradients smaller.
  public var clippedSteps: Int {
    clippedNorms.indices.count { clippedNorms[$0] < gradientNorms[$0] }
  }

  /// Whether a step changed nothing.
  public func wasSkipped(_ step: Int) -> Bool { clippedNorms[step].isNaN }

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
  func mostMovedLayer(at step: Int) -> String {
    guard let probe = probes.firstIndex(where: { $0 == UpdateRatio.self }), !measures.isEmpty else {
      return layers[0]
    }
    let row = min(step / stride, measures.count / width - 1)
    let ratios = layers.indices.map { measures[row * width + probe * layers.count + $0] }
    return layers[ratios.indices.max { ratios[$0] < ratios[$1] }!]
  }

  // MARK: recording

  mutating func record(loss: Double, learningRate: Double) {
    losses.append(Float(loss))
    learningRates.append(Float(learningRate))
    gradientNorms.append(.nan)
    clippedNorms.append(.nan)
  }

  mutating func record(gradientNorm: Double) {
    gradientNorms[count - 1] = Float(gradientNorm)
  }

  mutating func record(clippedNorm: Double) { clippedNorms[count - 1] = Float(clippedNorm) }

  mutating func record(_ sums: [Stepper.LayerSums]) {
    appendRow { probe, layer in probe.measure(LayerMeasures(sums[layer])) }
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

  /// Forgets every step from `step` on.
  mutating func truncate(to step: Int) {
    losses.removeSubrange(step...)
    gradientNorms.removeSubrange(step...)
    clippedNorms.removeSubrange(step...)
    learningRates.removeSubrange(step...)
    let rows = (step + stride - 1) / stride
    measures.removeSubrange(min(measures.count, rows * width)...)
    skipped = clippedNorms.count { $0.isNaN }
    events.removeAll { $0.step >= step }
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
