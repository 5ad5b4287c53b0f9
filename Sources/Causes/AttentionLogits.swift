import KeelRecipes
import KeelTraining

/// Scores of attention so large that its softmax lets nothing through but the largest.
///
/// **Definition** The largest score before the softmax, of any head, as training begins or where it
/// ended; it deviates above 100. The gradient of such a softmax is zero, until the order of the
/// scores changes, and then it is large. The reset bounds them, 50·tanh(score/50). Only an engine's
/// training has it so far.
///
/// **References** Dehghani et al., *Scaling vision transformers to 22 billion parameters*, 2023,
/// §2: scores above 50,000 before a divergence; Kimi Team, *Kimi K2*, 2025, §2.1: limit 100; Gemma
/// Team, *Gemma 2*, 2024, §2: 50·tanh(score/50).
public enum AttentionLogits: Cause {
  public static let name = "attention-logits"
  public static let summary = "the scores of attention are so large that its softmax saturates"
  public static let isOfEngines = true

  public static func deviation(in evidence: Evidence) -> Deviation? {
    guard evidence.recipe.ownModel?.attentionLogits == .own else { return nil }
    return evidence.peak(
      \.attentionLogits, above: ReferencePoint.attentionLogits, "largest score of attention")
  }

  public static func reset(_ evidence: Evidence) -> Recipe? {
    evidence.recipe.settingOwnModel { $0.attentionLogits = .bounded }
  }
}
