/// What became of a training.
public enum Verdict: String, Hashable, Codable, CaseIterable, Sendable {
  /// A value became non-finite; or the loss passed 5·max(B, L₀) and nothing was learnt.
  case exploding
  /// Nothing was learnt, and in over half of the steps no gradient reached the first layer.
  case vanishing
  /// Nothing was learnt otherwise.
  case stalled
  case healthy

  /// Skill below this is not learning.
  package static let learnt = 0.05
}
