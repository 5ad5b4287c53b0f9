import KeelAuthoring

/// Steps that follow each other, of the same layers, as they wait to be written.
struct RecordedStretch {
  private(set) var layers: [String]
  /// The first of them.
  private(set) var first: Int
  /// What was measured of the whole, step by step.
  private var wholes: [Float] = []
  /// The sums of each layer, step by step; their roots are taken when they are written.
  private var sums: [LayerSums.Sums] = []
  /// What happened in them.
  private(set) var events: [Trace.Event] = []
  /// What was measured in some of them alone.
  private(set) var samples: [Run.Sample] = []

  /// What is kept of the whole, a number a step.
  static let whole = ["loss", "gradient-norm", "clipped-norm", "learning-rate"]
  /// What is kept of a layer, a number a step.
  static let perLayer = [GradientNorm.name, UpdateRatio.name]

  /// What a series is of.
  struct Column: Hashable {
    let name: String
    /// Empty for the whole.
    let layer: String
    /// Of the layer, from the input on.
    let place: Int
  }

  init(layers: [String], first: Int) { (self.layers, self.first) = (layers, first) }

  var count: Int { wholes.count / Self.whole.count }

  /// Bytes of a step.
  var stride: Int { MemoryLayout<LayerSums.Sums>.stride * layers.count + 4 * Self.whole.count }

  /// Forgets what it holds, to go on at another step in the memory there is.
  mutating func reset(layers: [String], first: Int) {
    (self.layers, self.first) = (layers, first)
    wholes.removeAll(keepingCapacity: true)
    sums.removeAll(keepingCapacity: true)
    events.removeAll(keepingCapacity: true)
    samples.removeAll(keepingCapacity: true)
  }

  /// Adds what was measured in a step that it has.
  mutating func add(_ samples: [Run.Sample]) { self.samples += samples }

  var isEmpty: Bool { count == 0 && samples.isEmpty }

  mutating func add(_ step: Run.Step) {
    wholes.append(Float(step.loss))
    wholes.append(Float(step.gradientNorm))
    wholes.append(Float(step.clippedNorm))
    wholes.append(Float(step.learningRate))
    if !step.events.isEmpty { events += step.events }
    guard !layers.isEmpty else { return }
    if let measured = step.layers.sumsOfStep {
      sums.append(contentsOf: measured)
    } else {
      sums.append(contentsOf: repeatElement(.unknown, count: layers.count))
    }
  }

  /// Takes a step that somebody else has told.
  /// - Parameter measures: of each layer; nil where it was not told of.
  mutating func add(
    loss: Float, gradientNorm: Float, learningRate: Float, isSkipped: Bool,
    layers measures: [LayerMeasures?]
  ) {
    wholes += [loss, gradientNorm, isSkipped ? .nan : gradientNorm, learningRate]
    sums += measures.map { $0.map(LayerSums.Sums.init) ?? .unknown }
  }

  /// The loss of its last step; nil where it has none.
  var lastLoss: Float? { count > 0 ? wholes[wholes.count - Self.whole.count] : nil }

  var columns: [Column] {
    Self.whole.enumerated().map { Column(name: $1, layer: "", place: $0) }
      + layers.enumerated().flatMap { place, layer in
        Self.perLayer.map { Column(name: $0, layer: layer, place: place) }
      }
  }

  /// Goes through the columns, in order: each with its numbers, step by step.
  func eachColumn(_ take: (_ column: Int, [Float]) -> Void) {
    for column in Self.whole.indices {
      let places = Swift.stride(from: column, to: wholes.count, by: Self.whole.count)
      take(column, places.map { wholes[$0] })
    }
    for layer in layers.indices {
      let measures = Swift.stride(from: layer, to: sums.count, by: layers.count).map {
        LayerMeasures(sums[$0])
      }
      let column = Self.whole.count + layer * Self.perLayer.count
      take(column, measures.map(GradientNorm.measure))
      take(column + 1, measures.map(UpdateRatio.measure))
    }
  }
}
