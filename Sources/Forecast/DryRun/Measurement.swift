import CKernels
import Foundation
import KeelEngine
import KeelNetworks

/// What one real batch shows at initialisation, layer by layer.
///
/// This is what sees unscaled data: theory knows only initializers and activations.
package struct Measurement: Sendable {
  package struct Layer: Hashable, Sendable {
    package let name: String
    /// Root mean square of its output over that of the layer's before (of the input).
    package let forwardGain: Double
    /// Norm of the gradient at the output of the layer before, over that at its own.
    package let backwardGain: Double
    /// Norm of the gradient of its parameters.
    package let gradientNorm: Double
    /// log₁₀ of the norm of the gradient at its output.
    let logGradient: Double
    /// log₁₀ of the same in a recurrent layer's first step (that its last one's gradient reaches)
    /// over that in its last; 0 for other layers.
    package let timeGrowth: Double
  }

  /// Layers with a weight, in plan order.
  package let layers: [Layer]
  /// Whether the pass was finite, forwards and backwards.
  package let isFinite: Bool

  /// log₁₀ of the gradient's norm at the first layer's output over that at the last.
  ///
  /// In time it is that at the first step of the first layer over that at its last. Nil where the
  /// pass was not finite, or no gradient was left to compare.
  package var gradientGrowth: Double? {
    guard isFinite, let first = layers.first, let last = layers.last else { return nil }
    let growth = first.logGradient + first.timeGrowth - last.logGradient
    return growth.isFinite ? growth : nil
  }
}

extension VirtualTrainer {
  /// One forward and backward pass over the batch of step 0.
  package func measurement() -> Measurement {
    let pass = load(step: 0)
    evaluationBudget.countGradient(rows: pass.rows)
    let isForwardFinite = trainingStep.forward(pass).isFinite
    let isFinite = trainingStep.backward(pass) && isForwardFinite
    let weights = Set(plan.parameters.filter { $0.role == .weight }.map(\.buffer))
    var size = rootMeanSquare(plan.input.value, pass)
    var above: Double?
    var layers: [Measurement.Layer] = []
    for (index, operation) in plan.operations.enumerated() {
      guard let weight = operation.parameters.first(where: weights.contains) else { continue }
      let output = rootMeanSquare(operation.output.value, pass)
      let gradient = norm(operation.output.gradientBuffer, pass)
      let squares = operation.parameters.reduce(0.0) {
        $0 + keel_measure(pass[$1.gradient], $1.count).sum_of_squares
      }
      let backward = above.map { $0 / gradient } ?? handedDown(operation, weight, pass) / gradient
      layers.append(
        Measurement.Layer(
          name: operation.layer, forwardGain: output / size, backwardGain: backward,
          gradientNorm: squares.squareRoot(), logGradient: log10(gradient),
          timeGrowth: growthInTime(operation, plan.parts(of: pass, at: index))))
      (size, above) = (output, gradient)
    }
    return Measurement(layers: layers, isFinite: isFinite)
  }

  private func norm(_ buffer: Buffer, _ pass: Pass) -> Double {
    keel_measure(pass[buffer], buffer.count(rows: pass.rows)).sum_of_squares.squareRoot()
  }

  private func rootMeanSquare(_ buffer: Buffer, _ pass: Pass) -> Double {
    norm(buffer, pass) / Double(buffer.count(rows: pass.rows)).squareRoot()
  }

  private func growthInTime(_ operation: Plan.Operation, _ parts: [Pass]) -> Double {
    guard let kernel = operation.kernel as? UnrolledKernel else { return 0 }
    func squares(_ values: UnsafeBufferPointer<Float>) -> Double {
      keel_measure(values.baseAddress, values.count).sum_of_squares
    }
    let steps = parts.map(kernel.gradientsInTime)
    let (first, last) = steps.reduce((0.0, 0.0)) {
      ($0.0 + squares($1.first), $0.1 + squares($1.last))
    }
    return log10(first / last) / 2
  }

  /// The norm of the gradient that the first layer would hand to the input, which nobody asks for.
  private func handedDown(_ operation: Plan.Operation, _ weight: Buffer, _ pass: Pass) -> Double {
    let (input, output) = (operation.inputs[0].shape, operation.output.shape)
    var (gradients, rows, outer) = (
      UnsafePointer(pass[gradientOf: operation.output]), pass.rows * output.leading, output.last
    )
    let inner = input.last
    if let kernel = operation.kernel as? UnrolledKernel {
      (gradients, rows, outer) = kernel.gateGradients(pass)
    } else {
      // A product along the last axis; what a convolution, an embedding or attention hands down is
      // theory's business.
      let axes = plan.parameters.first { $0.buffer == weight }?.shape.axes ?? []
      guard axes.first == outer, axes.last == inner, input.leading == output.leading else {
        return .nan
      }
    }
    guard inner * outer == weight.count else { return .nan }
    var product = [Float](repeating: 0, count: rows * inner)
    keel_gemm(0, 0, rows, inner, outer, 1, gradients, pass[weight], 0, &product)
    return keel_measure(product, product.count).sum_of_squares.squareRoot()
  }
}
