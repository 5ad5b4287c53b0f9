import Foundation
import KeelAuthoring

/// What a run is at that has come to no answer yet, and what it has found so far.
public struct RunProgress: Hashable, Codable, Sendable {
  /// What is being done, in the order in which it is.
  public enum Stage: String, Hashable, Codable, Sendable {
    case training, diagnosing, searching, retraining
  }

  /// What is being done.
  public private(set) var stage = Stage.training
  /// Since when, in seconds since 1970; nil of the first stage.
  public private(set) var since: Double?
  /// That the training met; nil where it met none yet, or learnt nothing.
  public private(set) var explosion: Explosion?
  /// The experiments of the diagnosis, in the order in which they were made.
  public var experiments: [TruthTableRow] = []
  /// What the diagnosis has come to.
  public var findings: [Finding] = []
  /// What the search has tried.
  public var trials: [CaseHistory.TrialRecord] = []

  /// Nothing is found yet.
  public init() {}

  /// Its training has failed; why is what comes next.
  public mutating func failed(_ training: Training) {
    begin(.diagnosing)
    explosion = training.explosion
  }

  /// Another stage begins, where it is not the one there is.
  public mutating func begin(_ stage: Stage) {
    guard stage != self.stage else { return }
    (self.stage, since) = (stage, Date().timeIntervalSince1970)
  }
}
