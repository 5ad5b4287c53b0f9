import KeelNetworks
import KeelRecipes

/// A recipe taken apart into what is drawn and what a fault may turn: a fault is another value of
/// one of the factors, its inverse the twin's own.
package struct Blueprint: Hashable, Codable, Sendable {
  package enum Architecture: String, Codable, CaseIterable, Sendable {
    /// One or two hidden layers.
    case shallow
    /// Five to eight.
    case deep
    /// A block of two to four layers, repeated, whose gain is above 1.
    case stack
    case wide, narrow, residual, convolution, recurrent, lstm, gru

    package var isRecurrent: Bool { self == .recurrent || self == .lstm || self == .gru }
  }

  package enum Source: String, Codable, CaseIterable, Sendable {
    case spirals, moons, circles, blobs, regression, teacher, adding, mnist

    package var isNumeric: Bool { self == .regression || self == .teacher || self == .adding }
  }

  package enum Hidden: String, Codable, CaseIterable, Sendable {
    case linear, relu, leakyReLU, prelu, elu, selu, gelu, silu, softplus, sigmoid, tanh, hardTanh

    /// Those with a slope, or a size of the negative side, that can be set.
    package var hasSlope: Bool { self == .leakyReLU || self == .prelu || self == .elu }
  }

  package enum Weights: String, Codable, Sendable {
    /// He, LeCun or Xavier as the activation asks for, times the factor.
    case scheme
    case orthogonal
    /// Xavier whatever the activation, times the factor: what a well-known library does by itself.
    case xavier
    /// The same deviation in every layer, that of He at the hidden width, times the factor.
    case normal
  }

  package enum Optimizer: String, Codable, CaseIterable, Sendable {
    case sgd, momentum, nesterov, adagrad, rmsprop, adadelta, adam, adamw, stableAdamW

    /// Where textbooks and the optimizers' own papers start.
    package var textbookRate: Double {
      switch self {
      case .sgd, .adagrad: 0.01
      case .momentum, .nesterov: 0.01
      case .adadelta: 1
      case .rmsprop, .adam, .adamw, .stableAdamW: 0.001
      }
    }
  }

  /// What healthy trainings use daily, and beginners' ones do not.
  package enum Custom: String, Codable, CaseIterable, Sendable {
    case warmup, warmupCosine = "warm-up and cosine", steps, plateau, longMomentum = "momentum 0.99"
    case decay
  }

  package enum Norm: String, Codable, Sendable { case none, batch, layer }

  // MARK: what is drawn
  package var name = ""
  package var architecture = Architecture.shallow
  package var source = Source.spirals
  /// Whether the rows stand in a file that the generator wrote.
  package var isFile = false
  package var samples = 600
  package var features = 2
  package var classes = 3
  package var noise = 0.1
  package var hasTest = true
  package var width = 16
  package var hidden = Hidden.relu
  package var norm = Norm.none
  package var weights = Weights.scheme
  /// Which of the heads that fit the task.
  package var head = 0
  package var optimizer = Optimizer.sgd
  package var batch = 32
  package var steps = 300
  package var shuffles = true
  package var hasDecay = false
  /// Nil in ledgers that were written before there was one.
  package var custom: Custom?
  /// Of rows in a file, and of the rows that are poisoned.
  package var dataSeed: UInt64 = 0
  /// How many rows are poisoned where the factor is above 1, and whether their targets are.
  package var poisonedRows = 1
  package var poisonsTargets = false

  // MARK: factors
  /// The optimizer's rate.
  package var rate = 0.01
  /// On the initial weights.
  package var scale = 1.0
  /// Of activations that have one.
  package var slope = 0.01
  package var inputs = 1.0
  package var targets = 1.0
  /// On the rows that are poisoned.
  package var outliers = 1.0
  /// Largest singular value of recurrent weights.
  package var recurrence = 1.0
  /// How often the hidden block stands.
  package var depth = 1.0
  /// 0: the loss fits; else which of those that do not.
  package var mismatch = 0.0
  /// How many of the hidden activations are exponentials.
  package var exponentials = 0.0
  /// What a schedule multiplies the rate by from the first step to the last.
  package var growth = 1.0
  /// How often a schedule divides the rate by e over the run.
  package var foldings = 1.0
  /// How many runs long the warm-up is; 1: there is none.
  package var warmups = 1.0
  /// What the rate is divided by.
  package var slowness = 1.0
  /// Steps that momentum or beta1 remember, 1/(1 − share); 1: as the optimizer has it.
  package var memory = 1.0
  /// Whether gradients add up for ever.
  package var accumulates = 0.0
  /// Of Σ w² and Σ|w| in the loss, in millionths; 1: none.
  package var squares = 1.0
  package var magnitudes = 1.0
  /// On the decay of AdamW and its kin, in hundredths.
  package var decay = 1.0
  /// What dropout multiplies what is left by, 1/(1 − rate); 1: there is none.
  package var dropped = 1.0
  /// Deviation of initial biases, in thousandths; 1: zeros.
  package var biases = 1.0
  /// What initial weights are divided by.
  package var smallness = 1.0
  /// On the optimizer's epsilon, and on that of batch normalisation.
  package var epsilon = 1.0
  package var normEpsilon = 1.0
  /// What a limit on the global norm of 1, or one on the norms of units of 4, is divided by; 1:
  /// none.
  package var clip = 1.0
  package var limit = 1.0
  /// What the delta of a Huber loss is divided by.
  package var delta = 1.0
  /// How often a block with a normalisation and a path around it stands, on top of its own.
  package var blocks = 1.0

  package init() {}

  package var isNumeric: Bool { source.isNumeric }
  package var isOneColumn: Bool { isNumeric || (classes == 2 && head >= 2) }
}
