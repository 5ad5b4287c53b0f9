import KeelSettings

/// A factor whenever the loss has stopped falling.
///
/// **Definition** At the end of each epoch its mean training loss (without penalty, over the good
/// steps) is held against the best so far: below best·(1 − 1e-4) it is the new best, otherwise the
/// epoch is a bad one. After more than `patience` bad epochs since the last best, or the last
/// factor, the rate is multiplied by `factor`. As PyTorch's `ReduceLROnPlateau` on the training
/// loss, with its defaults, but without its rule that a change of less than 1e-8 is not made.
///
/// **Non-finite values** An epoch without a finite loss is a bad one. An epoch is what the whole
/// training part takes; after `warmup` those of the warm-up have been watched too.
///
/// **Effect on gradients** Where the loss hovers because steps overshoot, the next ones are
/// smaller.
public struct Plateau: Schedule {
  public static let name = "plateau"
  public static let summary = "a factor whenever the loss stops falling"
  public static let fields: [Field<Plateau>] = [
    .init("patience", \.patience, .nonNegative, "bad epochs that are borne"),
    .init(
      "factor", \.factor,
      NumberRange(minimum: 0, maximum: 1, includesMinimum: false, includesMaximum: false),
      "what the rate is multiplied by"),
  ]
  /// Epochs without a new best loss that are borne before the rate falls.
  public var patience = 10
  /// What the rate is then multiplied by, in (0, 1).
  public var factor = 0.1

  public init() {}

  public func learningRate(_ base: Double, at step: Int, of total: Int) -> Double { base }

  public func follower() -> (any LossFollower)? { Follower(patience: patience, step: factor) }

  /// The best loss, and how many epochs ago it was.
  final class Follower: LossFollower {
    /// A loss must fall by this share to be a new best.
    static let threshold = 1e-4
    private let patience: Int
    private let step: Double
    private(set) var factor = 1.0
    private var best = Double.infinity
    private var badEpochs = 0

    init(patience: Int, step: Double) { (self.patience, self.step) = (patience, step) }

    func admit(_ loss: Double) {
      let isBetter = loss < best * (1 - Self.threshold)
      if isBetter { best = loss }
      badEpochs = isBetter ? 0 : badEpochs + 1
      guard badEpochs > patience else { return }
      factor *= step
      badEpochs = 0
    }

    func forget() { (factor, best, badEpochs) = (1, .infinity, 0) }
  }
}

extension Choice where F == Schedules {
  /// `plateau: {patience: …, factor: …}` in a recipe.
  public static func plateau(patience: Int = 10, factor: Double = 0.1) -> Choice {
    var schedule = Plateau()
    (schedule.patience, schedule.factor) = (patience, factor)
    return Choice(schedule)
  }
}
