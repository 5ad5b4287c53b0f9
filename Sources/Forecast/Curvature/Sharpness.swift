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
  package func sharpness(steps: Int = 12) -> Sharpness {
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
    let scale = gradient.map { theory?.precondition(Double($0)) ?? 1 }.map {
      $0 > 0 && $0.isFinite ? Float(1 / $0.squareRoot()) : 0
    }
    let hessian = Curvature(self, center, scale)
    let start = hessian.start(gradient)
    guard
      let found = Lanczos(
        start: start, steps: steps, apply: { hessian.apply($0, rows, step: 1e-3, into: &$1) })
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

/// Products with the Hessian around one point.
struct Curvature {
  private let virtualTrainer: VirtualTrainer
  private let center: [Float]
  /// 1/√P for a preconditioner P, 1 elsewhere.
  private let scale: [Float]
  private let norm: Double

  init(_ virtualTrainer: VirtualTrainer, _ center: [Float], _ scale: [Float]) {
    self.virtualTrainer = virtualTrainer
    self.center = center
    self.scale = scale
    norm = keel_measure(center, center.count).sum_of_squares.squareRoot()
  }

  /// The gradient, which leans towards the largest curvature, and a tenth of noise, so that nothing
  /// is left out; padding stays zero.
  func start(_ gradient: [Float]) -> [Float] {
    var start = zip(gradient, scale).map { $0 * $1 }
    var random = Random(seed: 0, stream: "forecast/lanczos")
    var noise = [Float](repeating: 0, count: start.count)
    noise.withUnsafeMutableBufferPointer { random.fill($0, normalWithMean: 0, std: 1) }
    for index in noise.indices { noise[index] *= scale[index] }
    for buffer in virtualTrainer.paddings { for index in buffer { noise[index] = 0 } }
    let size = keel_measure(start, start.count).sum_of_squares.squareRoot()
    let unit = keel_measure(noise, noise.count).sum_of_squares.squareRoot()
    let share = size > 0 ? 0.1 * size / unit : 1
    for index in start.indices { start[index] += Float(share) * noise[index] }
    return start
  }

  /// P^-½ H P^-½ v.
  func apply(_ vector: [Float], _ rows: [Int32], step: Double, into image: inout [Float]) -> Bool {
    let direction = zip(vector, scale).map { $0 * $1 }
    let length = keel_measure(direction, direction.count).sum_of_squares.squareRoot()
    guard length > 0, length.isFinite else { return false }
    let distance = step * (norm > 0 ? norm : 1)
    var point = center
    keel_axpy(Float(distance / length), direction, &point, point.count)
    guard virtualTrainer.gradient(at: point, rows: rows, into: &image) else { return false }
    point = center
    keel_axpy(Float(-distance / length), direction, &point, point.count)
    var behind = center
    guard virtualTrainer.gradient(at: point, rows: rows, into: &behind) else { return false }
    let factor = Float(length / (2 * distance))
    for index in image.indices {
      image[index] = (image[index] - behind[index]) * factor * scale[index]
    }
    return true
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
