import Foundation

/// One way to spoil a twin: a factor, how far it is turned, and the names that are right for it.
package struct Fault: Codable, Hashable, Sendable {
  package enum Kind: String, Codable, CaseIterable, Sendable {
    case rate = "learning-rate"
    case initialization
    case slope = "activation"
    case inputs, targets
    case loss
    case outliers
    case recurrence
    case exponent
    case depth
    case growth = "growing-schedule"
    case foldings = "decaying-schedule"
    case warmups = "long-warm-up"
    case slowness = "low-rate"
    case memory = "momentum"
    case accumulation
    case squares = "l2"
    case magnitudes = "l1"
    case decay = "weight-decay"
    case dropout
    case biases
    case smallness = "small-initialization"
    case epsilon
    case normEpsilon = "norm-epsilon"
    case clip
    case limit = "max-norm"
    case delta = "huber-delta"
    case blocks = "residual-sum"

    /// Those that were there first: what seeds A and B draw.
    package static let classic: [Kind] = [
      .rate, .initialization, .slope, .inputs, .targets, .loss, .outliers, .recurrence, .exponent,
      .depth,
    ]
    /// Every other setting: what seeds C and D draw.
    package static let settings = allCases.filter { !classic.contains($0) }
  }

  package let kind: Kind
  /// What the factor is set to.
  package let value: Double
  /// The measured edge; nil where a fault has no size.
  package let edge: Double?
  /// Value ÷ edge.
  package let severity: Double?
  /// The causes of the catalogue that count, decided before anything is diagnosed.
  package let names: [String]

  package init(kind: Kind, value: Double, edge: Double?, severity: Double?, names: [String]) {
    (self.kind, self.value, self.edge) = (kind, value, edge)
    (self.severity, self.names) = (severity, names)
  }

  package func inserted(into blueprint: Blueprint) -> Blueprint {
    var faulty = blueprint
    faulty[keyPath: kind.factor] = value
    return faulty
  }
}

extension Fault.Kind {
  package var factor: WritableKeyPath<Blueprint, Double> {
    switch self {
    case .rate: \.rate
    case .initialization: \.scale
    case .slope: \.slope
    case .inputs: \.inputs
    case .targets: \.targets
    case .loss: \.mismatch
    case .outliers: \.outliers
    case .recurrence: \.recurrence
    case .exponent: \.exponentials
    case .depth: \.depth
    case .growth: \.growth
    case .foldings: \.foldings
    case .warmups: \.warmups
    case .slowness: \.slowness
    case .memory: \.memory
    case .accumulation: \.accumulates
    case .squares: \.squares
    case .magnitudes: \.magnitudes
    case .decay: \.decay
    case .dropout: \.dropped
    case .biases: \.biases
    case .smallness: \.smallness
    case .epsilon: \.epsilon
    case .normEpsilon: \.normEpsilon
    case .clip: \.clip
    case .limit: \.limit
    case .delta: \.delta
    case .blocks: \.blocks
    }
  }

  /// Whether it has a size that an edge can be measured in.
  package var hasSize: Bool { ![.loss, .exponent, .accumulation].contains(self) }

  package func applies(to twin: Blueprint) -> Bool {
    switch self {
    case .rate, .loss: true
    case .initialization: true
    case .slope: twin.hidden.hasSlope && !twin.architecture.isRecurrent
    case .inputs: twin.isFile
    // Scored on rows that it leaves alone: else the twin's score would be of other rows.
    case .outliers: twin.isFile && twin.hasTest
    case .targets: twin.isFile && twin.isNumeric
    case .recurrence: twin.architecture.isRecurrent
    // Weights that fit the exponential as they fitted what stood there.
    case .exponent:
      twin.weights == .xavier && twin.architecture != .lstm && twin.architecture != .gru
    case .depth: twin.architecture == .stack
    case .growth, .foldings, .warmups: !twin.hasDecay
    case .slowness, .squares, .magnitudes, .clip, .limit: true
    case .memory: ![.adagrad, .rmsprop, .adadelta].contains(twin.optimizer)
    case .accumulation: [.sgd, .momentum].contains(twin.optimizer)
    case .decay: [.adamw, .stableAdamW].contains(twin.optimizer)
    case .dropout: [.shallow, .deep, .wide, .narrow, .stack].contains(twin.architecture)
    case .biases, .smallness: !twin.architecture.isRecurrent
    case .epsilon: [.adagrad, .rmsprop, .adam, .adamw, .stableAdamW].contains(twin.optimizer)
    case .normEpsilon: twin.norm == .batch
    case .delta: twin.isNumeric && twin.head == 2
    case .blocks: twin.architecture == .residual && twin.norm != .none
    }
  }

  /// Twins that this fault is drawn for.
  package var architectures: [Blueprint.Architecture] {
    switch self {
    case .recurrence: [.recurrent, .recurrent, .lstm, .gru]
    case .depth: [.stack]
    case .slope, .exponent: [.shallow, .deep, .wide, .narrow, .residual, .convolution]
    case .blocks: [.residual]
    case .normEpsilon: [.shallow, .deep, .wide, .narrow]
    case .dropout: [.shallow, .deep, .wide, .narrow]
    case .biases, .smallness: [.shallow, .deep, .wide, .narrow, .residual]
    default: Blueprint.Architecture.allCases
    }
  }

  package var needs: Twin.Needs {
    switch self {
    case .inputs: .file
    case .outliers: [.file, .test]
    case .targets: [.file, .numbers]
    case .slope: .slope
    case .exponent: .xavier
    case .normEpsilon, .blocks: .norm
    case .decay: .decay
    case .epsilon: .epsilon
    case .accumulation: .momentum
    case .delta: [.numbers, .huber]
    default: []
    }
  }

  /// Where the search for its edge begins, and where it ends.
  package func range(of twin: Blueprint) -> ClosedRange<Double> {
    switch self {
    case .rate: twin.rate...twin.rate * 1e8
    case .initialization: twin.scale...twin.scale * 1e4
    case .slope: max(1, twin.slope)...1e6
    case .inputs, .targets: 1...1e8
    case .outliers: 1...1e12
    case .recurrence: 1...1e4
    case .depth: twin.depth...160
    case .loss: 1...Double(Blueprint.mismatches)
    case .exponent: 1...Double(twin.places)
    case .accumulation: 1...1
    case .blocks: 1...60
    case .memory: 1...1e6
    default: 1...1e12
    }
  }

  package func rounded(_ value: Double) -> Double {
    self == .depth || self == .blocks ? value.rounded(.up) : Dice.rounded(value)
  }

  /// What counts as naming it in a faulty recipe.
  ///
  /// Where two causes are one product, either: a block's gain and how often it is repeated; initial
  /// weights and depth; the size of the data and a rate beyond the textbook's.
  package func names(in faulty: Blueprint) -> [String] {
    let isStacked = faulty.architecture == .stack || faulty.architecture == .deep
    let isBrisk = faulty.rate > faulty.optimizer.textbookRate
    switch self {
    case .rate: return ["large-learning-rate"]
    case .initialization: return ["poor-initialization"] + (isStacked ? ["excessive-depth"] : [])
    case .slope: return ["steep-activation"] + (isStacked ? ["excessive-depth"] : [])
    case .inputs, .targets:
      return ["unscaled-data"] + (isBrisk ? ["large-learning-rate"] : [])
    case .loss:
      let isSteep = faulty.model.last == .exponential
      return ["mismatched-loss"] + (isSteep ? ["steep-activation", "numeric-overflow"] : [])
    case .outliers: return ["outlier-batch"]
    case .recurrence: return ["long-recurrence"]
    case .exponent: return ["numeric-overflow", "steep-activation"]
    case .depth: return ["excessive-depth", "poor-initialization"]
    case .growth, .warmups: return ["growing-learning-rate"]
    case .foldings, .slowness: return ["low-learning-rate"]
    case .memory: return ["excessive-momentum"]
    case .accumulation: return ["accumulated-gradients"]
    case .squares, .magnitudes, .decay: return ["excessive-penalty"]
    case .dropout: return ["excessive-dropout"]
    case .biases, .smallness: return ["poor-initialization"]
    case .epsilon, .normEpsilon, .clip, .limit, .delta: return ["unusual-setting"]
    case .blocks: return ["missing-normalization"]
    }
  }
}
