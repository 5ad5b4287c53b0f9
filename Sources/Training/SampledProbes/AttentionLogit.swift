import KeelEngine

/// The largest score q·k/√d of each attention, over the newest batch.
///
/// Where scores grow without bound the softmax saturates, and the loss of large models leaves.
///
/// **References** Dehghani et al., *Scaling vision transformers to 22 billion parameters*, ICML
/// 2023; Wortsman et al., *Small-scale proxies for large-scale Transformer training instabilities*,
/// ICLR 2024.
package struct AttentionLogit: SampledProbe {
  package static let name = "attention-logit"
  package static let summary = "largest score of each attention, before its softmax"
  package static let steps = 0.5

  package init() {}

  package mutating func sample(_ trainer: Trainer) -> [Run.Sample]? {
    let (pass, step) = (trainer.newestPass, trainer.step - 1)
    let samples = trainer.trainingStep.plan.operations.compactMap { operation in
      (operation.kernel as? any ScoringKernel).map {
        Run.Sample(
          step: step, name: Self.name, layer: operation.layer, value: Double($0.largestScore(pass)))
      }
    }
    return samples.isEmpty ? nil : samples
  }
}
