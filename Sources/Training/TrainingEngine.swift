import KeelNetworks
import KeelRecipes
import KeelSettings

/// Whoever trains in Keel's place: another framework, another process.
///
/// Everything that decides (verdicts, factors, experiments, searches) is the same for it; only the
/// steps are taken elsewhere.
package protocol TrainingEngine: AnyObject, Sendable {
  /// What it calls itself: `pytorch 2.13`.
  var name: String { get }
  /// Weights as they begin, layer by layer, beside what a sound rule would give them; empty where
  /// it does not tell.
  var initialWeights: [InitialWeight] { get }
  /// What `initializer` becomes where initial weights are reset.
  var soundInitializer: Choice<Initializers> { get }
  /// What its operations were seen to meet: as it begins, and where it ended.
  var operations: (first: Operations, last: Operations) { get }
  /// How far two trials alike were apart, as a share of the loss; nil where they came out the same.
  var spread: Double? { get }
  /// The settings that its trials may change; nil where it has settings that Keel knows by itself.
  var knobs: [Knob]? { get }
  /// Whether a trial on another seed is another trial.
  var takesSeeds: Bool { get }
  /// How many trials it makes at a time.
  var places: Int { get }
  /// A training from its first step.
  /// - Throws: `KeelError` where it cannot make the problem's recipe out of its own.
  func session(of problem: Problem) throws -> any TrainingSession
}

extension TrainingEngine {
  package var knobs: [Knob]? { nil }
  package var takesSeeds: Bool { true }
  package var places: Int { 1 }
}

/// The size of a weight as it begins.
package struct InitialWeight: Hashable, Sendable {
  package let layer: String
  package let isBias: Bool
  /// How many values it has.
  package let count: Int
  /// The root mean square of its values.
  package let rms: Double
  /// The same under a sound rule.
  package let reference: Double

  package init(layer: String, isBias: Bool, count: Int, rms: Double, reference: Double) {
    (self.layer, self.isBias, self.count) = (layer, isBias, count)
    (self.rms, self.reference) = (rms, reference)
  }
}

extension Problem {
  /// A training of it from the first step, by whoever trains it.
  /// - Parameter keepsSnapshots: false for a trial, which never goes back.
  /// - Throws: `KeelError` where recipe and rows do not fit, or it cannot be trained so.
  package func session(keepsSnapshots: Bool = false) throws -> any TrainingSession {
    try engine?.session(of: self) ?? Trainer(self, keepsSnapshots: keepsSnapshots)
  }
}
