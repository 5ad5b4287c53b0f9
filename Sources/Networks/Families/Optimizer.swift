import CKernels
import KeelSettings

/// How a gradient becomes a change of the parameters.
public protocol Optimizer: Ingredient {
  /// The base rate, before the schedule.
  var learningRate: Double { get set }
  /// The rate that a recipe's is held against: what this optimizer is commonly begun with.
  static var referenceRate: Double { get }
  /// Whether it divides each gradient by the size of those before, so that steps do not grow with
  /// it.
  static var isAdaptive: Bool { get }
  /// Whether a number's change depends on nothing but that number's gradient and past: then threads
  /// change parts of one tensor at the same time.
  static var isElementwise: Bool { get }
  /// The share of the largest rate that forty steps hold at which a training does best.
  ///
  /// Measured on seven networks, 3,000 steps: the best score lies within 0.01 of that at this share
  /// or half a decade below. At the limit itself SGD still explodes in two of them, and Adam at
  /// three tenths of it: its steps do not shrink with the gradient.
  static var shareOfLimit: Double { get }
  /// What decides how much of the past it keeps, by the name of the setting.
  static var retentions: [String: Retention] { get }
  /// What it remembers of each parameter, a number for a number, by name, and what that begins
  /// with.
  var initialSlots: KeyValuePairs<String, Float> { get }
  /// Changes one tensor in place, and measures what it did.
  func update(_ tensor: Update) -> UpdateMeasure
}

extension Optimizer {
  /// That of the kinds of Adam and RMSprop, whose steps do not depend on the gradient's size.
  public static var referenceRate: Double { 0.001 }
  public static var isAdaptive: Bool { true }
  public static var isElementwise: Bool { false }
  public static var shareOfLimit: Double { 0.1 }
  public static var retentions: [String: Retention] { [:] }
}

/// A share of the past that an optimizer keeps in every step: a momentum, a beta, a rho.
public struct Retention: Hashable, Sendable {
  /// What it commonly is.
  public let reference: Double
  /// What healthy trainings have daily.
  public let usual: ClosedRange<Double>

  /// - Parameters:
  ///   - reference: what it commonly is, in [0, 1).
  ///   - usual: what healthy trainings have daily, the reference within.
  public init(reference: Double, usual: ClosedRange<Double>) {
    (self.reference, self.usual) = (reference, usual)
  }
}

/// One tensor, as an optimizer sees it.
public struct Update {
  /// Changed in place.
  public let weights: UnsafeMutablePointer<Float>
  /// Before the clip's factor.
  public let gradients: UnsafePointer<Float>
  /// Elements of each.
  public let count: Int
  /// The clip's factor: the gradient to use is `gradients · scale`.
  public let scale: Float
  /// The rate of this step, after the schedule.
  public let learningRate: Double
  /// Counts updates from 1.
  public let step: Int
  let firstSlot: UnsafeMutablePointer<Float>
  let slotStride: Int

  package init(
    weights: UnsafeMutablePointer<Float>, gradients: UnsafePointer<Float>, count: Int,
    scale: Float, learningRate: Double, step: Int, firstSlot: UnsafeMutablePointer<Float>,
    slotStride: Int
  ) {
    self.weights = weights
    self.gradients = gradients
    self.count = count
    self.scale = scale
    self.learningRate = learningRate
    self.step = step
    self.firstSlot = firstSlot
    self.slotStride = slotStride
  }

  /// Some of its elements, as a tensor of their own.
  package func slice(_ range: Range<Int>) -> Update {
    Update(
      weights: weights + range.lowerBound, gradients: gradients + range.lowerBound,
      count: range.count, scale: scale, learningRate: learningRate, step: step,
      firstSlot: firstSlot + range.lowerBound, slotStride: slotStride)
  }

  /// Changes every weight, and measures what that did; what the optimizer remembers is not looked
  /// at: add what of it is not finite to `nonFinite`.
  /// - Parameter new: a weight's new value, from its place in the tensor, its value, and its
  ///   gradient after the clip's factor.
  public func each(
    _ new: (_ index: Int, _ weight: Float, _ gradient: Float) -> Float
  ) -> UpdateMeasure {
    var measure = UpdateMeasure()
    for index in 0..<count {
      let (old, changed) = (weights[index], new(index, weights[index], gradients[index] * scale))
      weights[index] = changed
      measure.updateSquares += Double(changed - old) * Double(changed - old)
      measure.weightSquares += Double(changed) * Double(changed)
      if !changed.isFinite { measure.nonFinite += 1 }
    }
    return measure
  }

  /// What the optimizer remembers of this tensor, in the order of `initialSlots`.
  public func slot(_ index: Int) -> UnsafeMutablePointer<Float> {
    firstSlot + index * slotStride
  }
}

/// What an update did to one tensor.
public struct UpdateMeasure {
  /// Σ (w_new − w_old)².
  public var updateSquares: Double
  /// Σ w_new².
  public var weightSquares: Double
  /// Non-finite elements of the new weights and of what the optimizer remembers.
  public var nonFinite: Int

  /// Of a tensor without elements.
  public init() { (updateSquares, weightSquares, nonFinite) = (0, 0, 0) }

  /// Of two tensors as one.
  package static func += (sum: inout UpdateMeasure, part: UpdateMeasure) {
    sum.updateSquares += part.updateSquares
    sum.weightSquares += part.weightSquares
    sum.nonFinite += part.nonFinite
  }

  init(_ update: keel_update) {
    updateSquares = update.update_squares
    weightSquares = update.weight_squares
    nonFinite = Int(update.non_finite)
  }
}

/// How a gradient becomes a step: `optimizer:` in a recipe.
public enum Optimizers: Family {
  public static let singular = "optimizer"
  public static let plural = "optimizers"
  public static func member(_ ingredient: any Ingredient) -> (any Optimizer)? {
    ingredient as? any Optimizer
  }
}
