import CKernels
import Foundation
import KeelEngine
import KeelNetworks

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
