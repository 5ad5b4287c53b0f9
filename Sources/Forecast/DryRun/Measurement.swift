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
    let weights = Set(plan.parameters.filter { $0.role == .weight }.map(\.buffer))
    let isForwardFinite = trainingStep.forward(pass).isFinite
    let first = plan.operations.firstIndex { $0.parameters.contains(where: weights.contains) }
    var squares = Array(repeating: 0.0, count: plan.operations.count)
    var handedDown = 0.0
    let isBackwardFinite = trainingStep.backward(pass) { index, part in
      let operation = plan.operations[index]
      squares[index] += sumOfSquares(operation.output.gradientBuffer, part)
      guard index == first, !(operation.kernel is UnrolledKernel) else { return }
      let output = operation.output.shape
      handedDown += squaresHandedDown(
        part[gradientOf: operation.output], part.rows * output.leading, output.last, operation,
        part)
    }
    let isFinite = isBackwardFinite && isForwardFinite
    var size = rootMeanSquare(plan.input.value, pass)
    var above: Double?
    var layers: [Measurement.Layer] = []
    for (index, operation) in plan.operations.enumerated() {
      guard operation.parameters.contains(where: weights.contains) else { continue }
      let output = rootMeanSquare(operation.output.value, pass)
      let gradient = squares[index].squareRoot()
      let own = operation.parameters.reduce(0.0) {
        $0 + keel_measure(pass[$1.gradient], $1.count).sum_of_squares
      }
      if let kernel = operation.kernel as? UnrolledKernel, index == first {
        let (values, vectors, width) = kernel.gateGradients(pass)
        handedDown = squaresHandedDown(values, vectors, width, operation, pass)
      }
      let backward = (above ?? handedDown.squareRoot()) / gradient
      layers.append(
        Measurement.Layer(
          name: operation.layer, forwardGain: output / size, backwardGain: backward,
          gradientNorm: own.squareRoot(), logGradient: log10(gradient),
          timeGrowth: growthInTime(operation, plan.parts(of: pass, at: index))))
      (size, above) = (output, gradient)
    }
    return Measurement(layers: layers, isFinite: isFinite)
  }

  private func sumOfSquares(_ buffer: Buffer, _ pass: Pass) -> Double {
    keel_measure(pass[buffer], buffer.count(rows: pass.rows)).sum_of_squares
  }

  private func rootMeanSquare(_ buffer: Buffer, _ pass: Pass) -> Double {
    sumOfSquares(buffer, pass).squareRoot() / Double(buffer.count(rows: pass.rows)).squareRoot()
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

  /// Σ of the squares of the gradient that the first layer would hand to the input, which nobody
  /// asks for.
  /// - Parameters:
  ///   - gradients: what is multiplied with its weights: so many vectors of so many numbers.
  private func squaresHandedDown(
    _ gradients: UnsafePointer<Float>, _ vectors: Int, _ width: Int, _ operation: Plan.Operation,
    _ pass: Pass
  ) -> Double {
    let (input, output) = (operation.inputs[0].shape, operation.output.shape)
    let weight = plan.parameters.first {
      $0.role == .weight && operation.parameters.contains($0.buffer)
    }.required("it has a weight")
    if !(operation.kernel is UnrolledKernel) {
      // A product along the last axis; what a convolution, an embedding or attention hands down is
      // theory's business.
      let axes = weight.shape.axes
      guard axes.first == width, axes.last == input.last, input.leading == output.leading else {
        return .nan
      }
    }
    guard input.last * width == weight.buffer.count else { return .nan }
    var product = [Float](repeating: 0, count: vectors * input.last)
    keel_gemm(0, 0, vectors, input.last, width, 1, gradients, pass[weight.buffer], 0, &product)
    return keel_measure(product, product.count).sum_of_squares
  }
}
