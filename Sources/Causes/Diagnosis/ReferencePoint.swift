import KeelNetworks

/// The point that factors are held against: fixed, and blind to how a training fares.
///
/// He for ReLU-like activations, LeCun for SELU, Xavier otherwise, zero biases (`referencePoint` of
/// a recipe); the rates, sizes and slopes below; a loss that matches output and target.
public enum ReferencePoint {
  /// 0.01 for SGD and Adagrad, 0.001 for the kinds of Adam and RMSprop, 1 for Adadelta.
  public static func learningRate(_ optimizer: any Optimizer) -> Double {
    type(of: optimizer).referenceRate
  }

  /// Initial weights deviate where they are more than this many times the reference's.
  public static let initialization = 2.0
  /// Data deviate where their root mean square is above this.
  public static let data = 3.0
  /// √E[φ′(z)²] of a sound activation.
  public static let slope = 1.1
  /// Largest singular value of recurrent weights: 1, and what rounding adds to it.
  public static let recurrence = 1.001
  /// Layers with weights in a row, without normalisation or a path around them.
  public static let depth = 10
  /// A rate below this share of its reference may be too low.
  public static let lowRate = 0.1
  /// Rate of a sound dropout.
  public static let dropout = 0.5
  /// The largest rate of dropout that healthy trainings have.
  public static let mostDropout = 0.8
  /// The most that a penalty or a decay takes from a weight in one step.
  public static let shrinkage = 0.1
  /// The most that weights decay by, per unit of rate; 0.01 to 0.3 are common.
  public static let decay = 0.5
  /// Size of a sum of residual blocks that a last layer bears, in units of what goes in.
  public static let residualSum = 3.0
  /// Initial weights below this share of the reference may be too small; biases above
  /// `initialization` times what their weights may have are too large.
  public static let smallInitialization = 0.3
  /// The least limit on the norm of a unit's weights: what Xavier begins with is about 1.
  public static let weightNorm = 1.0
  /// A setting beyond so many times its default is unusual, and below one part in so many.
  public static let number = 10.0
  /// The same of an epsilon, which spans more.
  public static let epsilon = 100.0
  /// A clip that acts in more than this share of steps is one that training goes by.
  public static let clipped = 0.9
  /// So many steps must have been seen to say so.
  public static let clippedSteps = 20
  /// A clip's limit below this leaves next to nothing of any gradient.
  public static let clipLimit = 1e-4
  /// An exponential of more than this multiplies by over a hundred.
  public static let exponent = 5.0
  /// The largest argument of an exponential that float32 holds.
  public static let largestExponent = 88.72
  /// What a logarithm should be given at least: Keras's epsilon.
  public static let leastOfLogarithm = 1e-7
  /// What a root should be given at least: its slope is 5e5 there.
  public static let leastOfRoot = 1e-12
  /// The largest score of attention: the limit of QK-clip.
  public static let attentionLogits = 100.0
  /// Rows that batch normalisation needs.
  public static let batch = 4
}
