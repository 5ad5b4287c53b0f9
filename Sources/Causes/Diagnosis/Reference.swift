import KeelNetworks

/// The point that factors are held against: fixed, and blind to how a training fares.
///
/// He for ReLU-like activations, LeCun for SELU, Xavier otherwise, zero biases (`referencePoint` of
/// a recipe); the rates, sizes and slopes below; a loss that matches output and target.
public enum Reference {
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
}
