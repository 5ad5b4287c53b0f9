import KeelData
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelTraining
import Synchronization

/// Whoever makes the trials of a training that is somebody else's: a process that speaks the engine
/// protocol, or the command line of a study.
protocol EngineRunner: TrainingEngine {
  var description: EngineDescription { get }
  /// What the trials of all sessions have shown.
  var facts: EngineFacts { get }
  /// Whether a trial that failed can be tried again.
  var canRestart: Bool { get }
  /// What makes a sound training of it on the same data, whose first loss can be held against its
  /// own; nil where none is known.
  var referenceChanges: [EngineChange]? { get }

  /// Whether a recipe's losses can be held against those of the training as it is.
  func isInOwnUnits(_ recipe: Recipe) -> Bool
  /// The problem that verbs take.
  /// - Throws: `KeelError` where a setting is not what it should be.
  func problem(seed: UInt64) throws -> Problem
  /// Makes a trial.
  /// - Parameter step: gets every step's answer; says whether to go on.
  /// - Throws: `KeelError` where it fails; `CancellationError`.
  func make(
    _ trial: EngineTrial, isCancelled: () -> Bool, step: (JSONValue) throws -> Bool
  ) throws -> EngineTrial.Ending
  /// The error of an answer that is none.
  func invalid(_ what: String) -> KeelError
  /// A state that it has kept is not needed any more.
  func drop(_ snapshot: String)
  /// Nothing more is asked.
  /// - Parameter result: what came of it.
  func finish(_ result: JSONValue?)
}

extension EngineRunner {
  package var name: String { description.engine }

  /// What its trainings begin with, and the step that comes first.
  var start: String { description.origin?.name ?? "start" }
  var firstStep: Int { description.origin.map { $0.step + 1 } ?? 0 }

  package var initialWeights: [InitialWeight] { description.initialWeights }

  package var operations: (first: Operations, last: Operations) {
    (description.operations, facts.operations)
  }

  package var spread: Double? { facts.spread }

  package func session(of problem: Problem) throws -> any TrainingSession {
    try EngineTraining(problem, by: self)
  }

  var referenceChanges: [EngineChange]? { nil }

  func isInOwnUnits(_ recipe: Recipe) -> Bool { !recipe.standardize.includesTargets }

  func drop(_ snapshot: String) {}
}

/// A trial: how it begins, how long it goes on, and what is changed.
struct EngineTrial {
  let seed: UInt64
  /// `start`, or a snapshot.
  let start: String
  let steps: Int
  /// Steps of the whole training that it is the beginning of.
  let total: Int
  let changes: [EngineChange]
  /// The steps after which the state is kept.
  let kept: [Int]

  /// How it ended.
  struct Ending {
    enum Kind: String { case ok, stopped, nonFinite = "non-finite", refused }
    let kind: Kind
    let answer: JSONValue
  }

  /// What is wrong with an answer.
  struct Fault: Error { let what: String }
}

/// What the trials of all sessions of an engine have shown.
final class EngineFacts: Sendable {
  private struct Values {
    /// L₀ of all trials on targets as they are; the least is what losses are held against.
    var leastInitialLoss = Double.infinity
    var spread: Double?
    var operations = Operations()
    var failure: KeelError?
  }
  private let values = Mutex(Values())

  /// How far two trials alike were apart; nil where they came out the same.
  var spread: Double? { values.withLock { $0.spread } }

  /// What the operations of the training itself met where it ended.
  var operations: Operations { values.withLock { $0.operations } }

  /// The least loss that a trial began with, this one's included.
  func leastInitialLoss(with loss: Double) -> Double {
    values.withLock { facts in
      if loss.isFinite { facts.leastInitialLoss = min(facts.leastInitialLoss, loss) }
      return facts.leastInitialLoss
    }
  }

  /// Two trials alike were so far apart.
  func note(spread: Double) { values.withLock { $0.spread = max($0.spread ?? 0, spread) } }

  /// Why a trial could not be made; nil where all could.
  var failure: KeelError? { values.withLock { $0.failure } }

  func note(failure: KeelError) {
    values.withLock { $0.failure = $0.failure ?? failure }
  }

  func note(_ operations: Operations) { values.withLock { $0.operations = operations } }
}
