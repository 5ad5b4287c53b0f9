import CKernels
import Foundation
import KeelEngine
import KeelNetworks

/// The largest eigenvalue of the loss's Hessian at initialisation: an exhibit, never a verdict.
///
/// **Definition** Lanczos on products Hv ≈ (∇L(θ + hv) − ∇L(θ − hv))/2h, h = 1e-3·‖θ‖, over rows
/// spread over the whole training part. It counts as certain where vᵀHv with h = 3e-3·‖θ‖ agrees
/// within 10 % and Lanczos has converged to 10 %. For an adaptive optimizer H is preconditioned by
/// what its first step divides gradients by.
///
/// **References** Cohen et al., ICLR 2021; Cohen et al. 2022 (2207.14484).
public struct Sharpness: Hashable, Codable, Sendable {
  /// NaN where a gradient was not finite.
  public let value: Double
  /// The largest of four real batches.
  public let largestBatch: Double
  /// Whether another step of the difference agrees and Lanczos has converged, to 10 %.
  public let isCertain: Bool
  /// Above this the optimizer would be unstable on a quadratic; nil where that is not known.
  public let edge: Double?
  /// Whether it is that of the preconditioned Hessian.
  public let isPreconditioned: Bool

  /// How far the optimizer is from where a quadratic of the sharpest batch would be unstable.
  var margin: Double? {
    guard let edge, largestBatch > 0, largestBatch.isFinite else { return nil }
    return edge / largestBatch
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(value, forKey: .value)
    try container.encode(largestBatch, forKey: .largestBatch)
    try container.encode(isCertain, forKey: .isCertain)
    try container.encode(edge, forKey: .edge)
    try container.encode(isPreconditioned, forKey: .isPreconditioned)
  }
}

extension VirtualTrainer {
  /// Rows of the sample that curvature is measured on: as many as count as one evaluation.
  private var curvatureRows: [Int32] {
    let count = min(sample.count, max(128, batchSize))
    return (0..<count).map { sample[$0 * sample.count / count] }
  }

  /// - Parameter steps: Hessian products at most; each is two gradients.
  /// - Throws: `KeelError` where the system gives no memory for the vectors.
  package func sharpness(steps: Int = 12) throws -> Sharpness {
    let kept = min(steps, Self.keptVectors(plan.count(.parameters)))
    try Room.check(
      (kept + Self.otherVectors) * 4 * plan.count(.parameters), for: "what its sharpness takes")
    reset()
    let theory = recipe.optimizer.member as? any StabilityTheory
    let edge = theory?.edge(learningRate: recipe.optimizer.member.learningRate)
    func result(_ value: Double, _ batch: Double, _ isCertain: Bool) -> Sharpness {
      Sharpness(
        value: value, largestBatch: batch, isCertain: isCertain, edge: edge,
        isPreconditioned: !(theory is SGD?))
    }
    let (center, rows) = (parameters, curvatureRows)
    var gradient = center
    guard self.gradient(at: center, rows: rows, into: &gradient) else {
      return result(.nan, .nan, false)
    }
    let scale = gradient.map { slope -> Float in
      let divisor = theory?.precondition(Double(slope)) ?? 1
      return divisor > 0 && divisor.isFinite ? Float(1 / divisor.squareRoot()) : 0
    }
    let hessian = Curvature(self, center, scale)
    let start = hessian.start(gradient)
    guard
      let found = Lanczos(
        start: start, steps: steps, kept: kept,
        apply: { hessian.apply($0, rows, step: 1e-3, into: &$1) })
    else { return result(.nan, .nan, false) }
    var image = center
    let isFinite = hessian.apply(found.vector, rows, step: 3e-3, into: &image)
    let again = keel_dot(found.vector, image, image.count)
    let isCertain =
      isFinite && abs(again - found.value) <= 0.1 * abs(found.value)
      && found.residual <= 0.1 * abs(found.value)
    let batches = largestBatch(hessian, from: found.vector) ?? found.value
    return result(found.value, batches, isCertain)
  }

  /// Besides those of Lanczos: the point, its gradient and scale, the start, the present vector and
  /// its image, and four for a product.
  private static let otherVectors = 10

  /// As many as 64 MB hold, and four at least, so that it still gains on power iteration.
  private static func keptVectors(_ parameters: Int) -> Int { max(4, (1 << 24) / parameters) }

  /// The largest over four batches of the first epoch; nil where every batch is the whole.
  private func largestBatch(_ hessian: Curvature, from vector: [Float]) -> Double? {
    guard stepsPerEpoch > 1 else { return nil }
    let count = min(4, stepsPerEpoch)
    let values = (0..<count).map { index in
      let rows = rows(ofStep: index * stepsPerEpoch / count)
      return Lanczos(start: vector, steps: 2) {
        hessian.apply($0, rows, step: 1e-3, into: &$1)
      }?.value ?? .nan
    }
    return values.contains(where: \.isNaN) ? .nan : values.max()
  }
}

extension VirtualTrainer {
  /// Places of the parameters' region that hold no parameter.
  var paddings: [Range<Int>] {
    let buffers = plan.parameters.map(\.buffer).sorted { $0.offset < $1.offset }
    let ends = buffers.dropFirst().map(\.offset) + [plan.count(.parameters)]
    return zip(buffers, ends).map { ($0.offset + $0.count)..<$1 }
  }
}
