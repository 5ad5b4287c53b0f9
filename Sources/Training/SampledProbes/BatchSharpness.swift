import CKernels
import Foundation
import KeelEngine

/// An estimate of the largest eigenvalue of the loss's Hessian, over the newest batch.
///
/// **Definition** Each look is one step of power iteration from where the last one ended: Hv ≈
/// (∇L(θ + hv) − ∇L(θ − hv))/2h, h = 1e-3·‖θ‖ for v of norm 1, and the value is vᵀHv, of the batch
/// of that step; dropout, as in training. It comes near the largest eigenvalue from below, within
/// some looks. Plain gradient descent on a quadratic is unstable above 2/rate.
///
/// **References** Cohen et al., *Gradient descent on neural networks typically occurs at the edge
/// of stability*, ICLR 2021.
package struct BatchSharpness: SampledProbe {
  package static let name = "sharpness"
  package static let summary = "largest curvature of the loss over the batch, by power iteration"
  package static let steps = 3.0
  private var iteration = PowerIteration()

  package init() {}

  package mutating func sample(_ trainer: Trainer) -> [Run.Sample]? {
    let step = trainer.trainingStep
    let (count, first) = (step.plan.count(.parameters), step.firstParameter)
    let gradient = step.memory[step.plan.parameters[0].buffer.gradient]
    // The parameters, their gradient, the direction and its image.
    guard (try? Room.check(5 * 4 * count, for: Self.name)) != nil else { return [] }
    let center = Array(UnsafeBufferPointer(start: first, count: count))
    let kept = Array(UnsafeBufferPointer(start: gradient, count: count))
    defer {
      keel_copy(center, first, count, 0)
      keel_copy(kept, gradient, count, 0)
    }
    if iteration.direction.count != count { iteration.begin(with: kept) }
    let direction = iteration.direction
    let norm = keel_measure(center, count).sum_of_squares.squareRoot()
    let distance = Float(1e-3 * (norm > 0 && norm.isFinite ? norm : 1))
    func move(by distance: Float) -> Bool {
      keel_copy(center, first, count, 0)
      keel_axpy(distance, direction, first, count)
      let pass = trainer.newestPass
      return step.forward(pass).isFinite && step.plan.backward(pass)
    }
    guard direction.count == count, move(by: distance) else { return [] }
    var image = Array(UnsafeBufferPointer(start: gradient, count: count))
    guard move(by: -distance) else { return [] }
    for index in image.indices { image[index] = (image[index] - gradient[index]) / (2 * distance) }
    let value = iteration.advance(image: image)
    return [Run.Sample(step: trainer.step - 1, name: Self.name, value: value)]
  }
}
