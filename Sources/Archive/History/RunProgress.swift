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
  /// When experiments began, in seconds since 1970; nil before that.
  public private(set) var failedAt: Double?
  /// That the training met; nil where it met none yet, or learnt nothing.
  public private(set) var explosion: Explosion?
  /// The experiments of the diagnosis, in the order in which they were made.
  public var experiments: [TruthTableRow] = []
  /// What the diagnosis has come to.
  public var findings: [Finding] = []
  /// What the search has tried.
  public var trials: [CaseHistory.TrialRecord] = []
  /// Steps that experiments and trials may take together; nil where nobody bounds them.
  public var budget: Int?

  /// How much of its budget it has spent, from 0 to 1; nil where it has none.
  public var share: Double? {
    guard let budget, budget > 0 else { return nil }
    let spent = experiments.map(\.steps).reduce(0, +) + trials.map(\.steps).reduce(0, +)
    return min(1, Double(spent) / Double(budget))
  }

  /// Nothing is found yet.
  public init() {}

  /// Its training has failed; why is what comes next.
  public mutating func failed(_ training: Training) {
    begin(.diagnosing)
    failedAt = since
    explosion = training.explosion
  }

  /// Another stage begins, where it is not the one there is.
  public mutating func begin(_ stage: Stage) {
    guard stage != self.stage else { return }
    (self.stage, since) = (stage, Date().timeIntervalSince1970)
  }
}
