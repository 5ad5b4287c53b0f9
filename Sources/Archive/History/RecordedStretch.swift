import Keel

/// Steps that follow each other, of the same layers, as they wait to be written.
struct RecordedStretch {
  let layers: [String]
  /// The first of them.
  let first: Int
  /// What was measured of the whole, step by step.
  private var wholes: [Float] = []
  /// The sums of each layer, step by step; their roots are taken when they are written.
  private var sums: [LayerSums.Sums] = []

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

  /// The stretch that goes on where this one ends, with as much room as this one took.
  var continuation: RecordedStretch {
    var next = RecordedStretch(layers: layers, first: first + count)
    next.wholes.reserveCapacity(wholes.count)
    next.sums.reserveCapacity(sums.count)
    return next
  }

  mutating func add(_ step: Step) {
    wholes.append(Float(step.loss))
    wholes.append(Float(step.gradientNorm))
    wholes.append(Float(step.clippedNorm))
    wholes.append(Float(step.learningRate))
    guard !layers.isEmpty else { return }
    if let measured = step.layers.sumsOfStep {
      sums.append(contentsOf: measured)
    } else {
      sums.append(contentsOf: repeatElement(.unknown, count: layers.count))
    }
  }

  var columns: [Column] {
    Self.whole.enumerated().map { Column(name: $1, layer: "", place: $0) }
      + layers.enumerated().flatMap { place, layer in
        Self.perLayer.map { Column(name: $0, layer: layer, place: place) }
      }
  }

  /// What a column has at a step.
  func value(_ row: Int, _ column: Int) -> Float {
    let place = column - Self.whole.count
    guard place >= 0 else { return wholes[row * Self.whole.count + column] }
    let measures = LayerMeasures(sums[row * layers.count + place / Self.perLayer.count])
    return place % Self.perLayer.count == 0
      ? GradientNorm.measure(measures) : UpdateRatio.measure(measures)
  }
}
