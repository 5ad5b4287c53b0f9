import CKernels
import KeelEngine
import KeelSettings

/// What training makes small: a mean over the rows of a batch.
///
/// Where an output has more axes than one ([time, classes]), a loss over classes takes the last for
/// the classes and is a mean over rows and positions.
public protocol Loss: Ingredient {
  /// What it takes outputs for.
  var outputForm: OutputForm { get }
  /// What the network's outputs are, so that a score can be taken of probabilities.
  var link: OutputLink { get }
  /// Whether it compares distributions over classes: a column of integers then holds classes.
  var isOverClasses: Bool { get }
  /// Whether it tells two classes apart by one number.
  var isBinary: Bool { get }
  /// Whether the mean runs over columns, too.
  var averagesColumns: Bool { get }
  /// Whether it is never below zero; a log-likelihood may be.
  var hasFloor: Bool { get }
  /// What a target may be: outside of it the loss has no least value, and would reward being wrong.
  var targetRange: ClosedRange<Float> { get }
  /// The sum over rows (and columns, or positions) and the gradient, `scale` times that of the sum.
  func sum(_ batch: LossBatch, scale: Float) -> LossSum
  /// The loss of the best output that is the same for every row (L_const).
  /// - Parameter targets: row-major, `columns` a row, at least one row.
  func constantLoss(_ targets: [Float], columns: Int) -> Double
  /// The same where every row is a class, one-hot.
  /// - Parameters:
  ///   - counts: rows of each class that occurs.
  ///   - classes: how many there are, those that do not occur included.
  func constantLoss(counts: [Int], classes: Int) -> Double
  /// Why finite outputs gave a loss that is not.
  func origin(_ batch: LossBatch) -> NonFiniteOrigin
}

/// What a loss takes the outputs of a network for, and so how the network should end.
public enum OutputForm: Hashable, Sendable {
  /// Numbers that must reach every target.
  case numbers
  /// Any numbers; the loss makes probabilities or rates of them. The network ends linear.
  case logits
  /// Probabilities of classes that add up to 1: it ends in a softmax.
  case distribution
  /// A probability a column: it ends in a sigmoid.
  case probability
}

/// What turns the network's outputs into what the targets are.
public enum OutputLink: Hashable, Sendable {
  /// They are that already.
  case identity
  /// They are logits of classes, or of a column each.
  case softmax, sigmoid
  /// They are logarithms.
  case exponential
}

extension Loss {
  public var link: OutputLink { .identity }
  /// Logits where it makes something of them, a distribution where it compares those.
  public var outputForm: OutputForm {
    link != .identity ? .logits : isOverClasses ? .distribution : .numbers
  }
  public var isOverClasses: Bool { false }
  public var isBinary: Bool { false }
  public var averagesColumns: Bool { true }
  public var hasFloor: Bool { true }
  public var targetRange: ClosedRange<Float> { -.infinity ... .infinity }
  /// Invalid where finite outputs gave no number, and overflow where they gave an infinite one.
  public func origin(_ batch: LossBatch) -> NonFiniteOrigin {
    let result = sum(
      LossBatch(
        outputs: batch.outputs, targets: batch.targets, gradient: nil, rows: batch.rows,
        columns: batch.columns, positions: batch.positions), scale: 1)
    return result.nonFinite == 0 && result.sum.isNaN ? .invalid : .overflow
  }

  /// The mean over rows and positions (and columns, if `averagesColumns`), and its gradient if one
  /// is wanted.
  public func mean(_ batch: LossBatch) -> LossSum {
    let count = Double(averagesColumns ? batch.count : batch.vectors)
    let result = sum(batch, scale: Float(1 / count))
    return LossSum(sum: result.sum / count, nonFinite: result.nonFinite)
  }
}

/// One batch of outputs and targets, [rows, columns] both.
public struct LossBatch {
  /// What the network gave, [rows, columns].
  public let outputs: UnsafePointer<Float>
  /// What it should have given, [rows, columns].
  public let targets: UnsafePointer<Float>
  /// Where the gradient with respect to the outputs goes; nil where it is not wanted.
  public let gradient: UnsafeMutablePointer<Float>?
  /// Rows in use.
  public let rows: Int
  /// Numbers a row, all positions together.
  public let columns: Int
  /// Vectors a row, all axes of an output but the last; 1 where a row has one axis.
  public let positions: Int

  public init(
    outputs: UnsafePointer<Float>, targets: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>?, rows: Int, columns: Int, positions: Int = 1
  ) {
    self.outputs = outputs
    self.targets = targets
    self.gradient = gradient
    self.rows = rows
    self.columns = columns
    self.positions = positions
  }

  /// Numbers of the outputs, and of the targets.
  public var count: Int { rows * columns }
  /// Vectors of `width` numbers: a row's, or one a position.
  public var vectors: Int { rows * positions }
  /// Numbers of a vector: the classes, where there are any.
  public var width: Int { columns / positions }
}

/// A loss over a batch, and how much of what it saw was not finite.
public struct LossSum: Hashable, Sendable {
  /// The sum of the loss, in double.
  public var sum: Double
  /// How many outputs were NaN or infinite.
  public var nonFinite: Int

  /// - Parameters:
  ///   - sum: over the rows, and columns or positions, of a batch.
  ///   - nonFinite: outputs that are NaN or infinite.
  public init(sum: Double, nonFinite: Int) {
    self.sum = sum
    self.nonFinite = nonFinite
  }
  init(_ loss: keel_loss) { self.init(sum: loss.sum, nonFinite: Int(loss.non_finite)) }
}

/// What training makes small: `loss:` in a recipe.
public enum Losses: Family {
  public static let singular = "loss"
  public static let plural = "losses"
  public static func member(_ ingredient: any Ingredient) -> (any Loss)? {
    ingredient as? any Loss
  }
}
