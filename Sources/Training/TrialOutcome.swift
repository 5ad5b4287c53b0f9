/// What became of a trial.
public enum TrialOutcome: String, Hashable, Codable, Sendable {
  /// It trains.
  case holds
  case explodes
  /// It came to the end of its recipe and learnt nothing.
  case doesNotLearn = "does-not-learn"
  /// The steps that were allowed did not decide.
  case undecided
  /// It could not be made: nothing can be trained that way.
  case notMade = "not-made"

  package init(_ verdict: Verdict) {
    self =
      switch verdict {
      case .exploding: .explodes
      case .vanishing, .stalled: .doesNotLearn
      case .healthy: .holds
      }
  }
}
