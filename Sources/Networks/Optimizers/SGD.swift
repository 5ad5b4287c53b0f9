import CKernels
import KeelEngine
import KeelSettings

/// Stochastic gradient descent, with or without momentum.
///
/// **Definition** v ← momentum·v + g; w ← w − lr·v, or w − lr·(g + momentum·v) with `nesterov`. As
/// PyTorch's `SGD`.
///
/// **Effect on gradients** Stable while the loss's sharpness is below 2/lr; with momentum β below
/// (2 + 2β)/lr, with Nesterov's (2 + 2β)/(lr(1 + 2β)).
///
/// **References** Cohen et al., *Gradient descent on neural networks typically occurs at the edge
/// of stability*, ICLR 2021.
public struct SGD: Optimizer {
  public static let name = "sgd"
  public static let summary = "gradient descent, with momentum or without"
  public static let referenceRate = 0.01
  public static let isAdaptive = false
  public static let shareOfLimit = 0.3
  public static let retentions = ["momentum": Retention(reference: 0.9, usual: 0...0.95)]
  public static let isElementwise = true
  public static let fields: [Field<SGD>] = [
    .init("learning-rate", \.learningRate, .nonNegative, "step per unit of gradient"),
    .init("momentum", \.momentum, .share, "share of the last step that is kept"),
    .init("nesterov", \.nesterov, "whether to look ahead"),
  ]
  /// Step per unit of gradient, before the schedule.
  public var learningRate = 0.01
  /// Share of the last step that is kept, in [0, 1]: at 1 gradients add up for ever, as where
  /// nobody sets them to zero.
  public var momentum = 0.0
  /// Whether the gradient counts again on top of the momentum it has joined.
  public var nesterov = false

  public init() {}

  public func validate(at path: String) throws {
    guard nesterov, momentum == 0 else { return }
    throw KeelError(
      .invalid, at: path, "nesterov looks ahead along the momentum, which is 0",
      fix: "set momentum, such as 0.9, or leave nesterov out")
  }

  public var initialSlots: KeyValuePairs<String, Float> {
    momentum == 0 ? [:] : ["velocity": 0]
  }

  public func update(_ tensor: Update) -> UpdateMeasure {
    UpdateMeasure(
      keel_sgd(
        tensor.weights, tensor.gradients, momentum == 0 ? nil : tensor.slot(0), tensor.count,
        tensor.scale, Float(tensor.learningRate), Float(momentum), nesterov ? 1 : 0))
  }
}

extension Choice where F == Optimizers {
  /// `sgd: {learning-rate: …, momentum: …, nesterov: …}` in a recipe.
  public static func sgd(
    learningRate: Double = 0.01, momentum: Double = 0, nesterov: Bool = false
  ) -> Choice {
    var sgd = SGD()
    (sgd.learningRate, sgd.momentum, sgd.nesterov) = (learningRate, momentum, nesterov)
    return Choice(sgd)
  }
}
