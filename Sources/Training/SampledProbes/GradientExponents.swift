import Foundation
import KeelEngine

/// Where the gradients of each layer lie among the powers of two, as the newest step used them.
///
/// `gradient-exponent` is the binary exponent of the largest; `gradient-below-float16` the share of
/// those that are not zero, but at most half of 2⁻²⁴, the smallest number that float16 has: they
/// would be zero in it.
///
/// **References** Micikevicius et al., *Mixed precision training*, ICLR 2018.
package struct GradientExponents: SampledProbe {
  package static let name = "gradient-exponents"
  package static let summary = "largest exponent of each layer's gradients, share below float16"
  package static let steps = 0.5

  package init() {}

  package mutating func sample(_ trainer: Trainer) -> [Run.Sample]? {
    let step = trainer.trainingStep
    let layers = Dictionary(grouping: step.plan.parameters.enumerated()) { $1.layer }
    return trainer.trace.layers.flatMap { layer -> [Run.Sample] in
      var (largest, few, all) = (0.0, 0, 0)
      for (index, parameter) in layers[layer] ?? [] {
        let scale = step.gradients.factor(index)
        let values = UnsafeBufferPointer(
          start: step.memory[parameter.buffer.gradient], count: parameter.buffer.count)
        for value in values where value != 0 {
          let size = abs(Double(value) * Double(scale))
          largest = max(largest, size)
          all += 1
          if size <= 0x1p-25 { few += 1 }
        }
      }
      guard all > 0 else { return [] }
      let numbers = [
        ("gradient-exponent", Double(largest.exponent)),
        ("gradient-below-float16", Double(few) / Double(all)),
      ]
      return numbers.map { Run.Sample(step: trainer.step - 1, name: $0, layer: layer, value: $1) }
    }
  }
}
