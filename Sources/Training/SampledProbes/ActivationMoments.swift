import CKernels
import KeelEngine

/// Mean, deviation and share of zeros of what each layer puts out, over the newest batch.
///
/// A deviation that grows from layer to layer overflows in the end; an activation that is zero
/// nearly everywhere lets no gradient pass.
///
/// **References** Glorot and Bengio, *Understanding the difficulty of training deep feedforward
/// neural networks*, AISTATS 2010.
package struct ActivationMoments: SampledProbe {
  package static let name = "activation-moments"
  package static let summary = "mean, deviation and share of zeros of each layer's outputs"
  package static let steps = 0.5

  package init() {}

  package mutating func sample(_ trainer: Trainer) -> [Run.Sample]? {
    let (pass, step) = (trainer.newestPass, trainer.step - 1)
    return trainer.trainingStep.plan.operations.flatMap { operation -> [Run.Sample] in
      let values = pass.values(operation.output.value)
      let measure = keel_measure(values.baseAddress, values.count)
      let count = Double(values.count)
      let zeros = values.count { $0 == 0 }
      let mean = values.reduce(0.0) { $0 + Double($1) } / count
      let square = measure.sum_of_squares / count
      let numbers = [
        ("activation-mean", mean),
        ("activation-deviation", max(0, square - mean * mean).squareRoot()),
        ("activation-zeros", Double(zeros) / count),
      ]
      return numbers.map { Run.Sample(step: step, name: $0, layer: operation.layer, value: $1) }
    }
  }
}
