import Foundation
import KeelEngine
import KeelNetworks
import KeelSettings
import KeelTraining
import Synchronization

/// Somebody else's training, in a process that speaks the engine protocol (`Guides/Engines.md`).
///
/// It makes one trial at a time. An engine that dies, hangs or answers what is no answer is ended
/// and started again; the trial is then tried once more.
package final class ProcessRunner: TrainingEngine, @unchecked Sendable {
  package let description: EngineDescription
  package var name: String { description.engine }
  // Guarded by the lock, which a trial holds from its beginning to its end.
  private let lock = NSLock()
  private var state: State
  /// What the trials of all sessions have shown.
  private let facts = Mutex(Facts())

  private struct State {
    var channel: EngineChannel
    /// Makes another; nil where the engine is who started this process.
    let restart: (@Sendable () throws -> EngineChannel)?
    var lastID = 0
    /// Seconds that steps took, the latest of them.
    var stepTimes: [Double] = []
  }

  private struct Facts {
    /// L₀ of all trials on targets as they are; the least is what losses are held against.
    var leastInitialLoss = Double.infinity
    /// How far two trials alike were apart.
    var spread: Double?
    /// What the operations of the training itself met where it ended.
    var operations = Operations()
  }

  /// No line for so many seconds is a hang.
  package static let patience = 60.0
  /// Thirty years.
  private static let endless = 1e9
  private let patience: Double
  /// Loading a framework and its data may take so many times as long.
  private static let loading = 5.0
  /// Nor is one that takes no longer than so many usual steps.
  private static let usualSteps = 20.0
  /// A trial that was asked to stop has so many more lines.
  private static let linesAfterStop = 1000

  /// Starts an engine.
  /// - Parameters:
  ///   - command: as one would type it.
  ///   - patience: seconds without a line that are no hang.
  ///   - log: gets what it prints besides answers.
  /// - Throws: `KeelError` where it cannot be started, or does not say what it trains.
  package convenience init(
    command: String, patience: Double = ProcessRunner.patience,
    log: @escaping @Sendable (String) -> Void
  ) throws {
    let start: @Sendable () throws -> EngineChannel = {
      try EngineChannel(starting: command, log: log)
    }
    try self.init(try start(), patience: patience, restart: start)
  }

  /// The engine that has started this process.
  package convenience init(startedByEngine log: @escaping @Sendable (String) -> Void) throws {
    // Who has started this process and is at a standstill may go on; its end closes the pipe.
    try self.init(EngineChannel(log: log), patience: Self.endless, restart: nil)
  }

  private init(
    _ channel: EngineChannel, patience: Double,
    restart: (@Sendable () throws -> EngineChannel)?
  ) throws {
    self.patience = patience
    try channel.send(["keel": .number(1), "do": "describe"])
    let answer = try channel.answer(within: Self.loading * patience)
    if answer["end"]?.string == "refused" {
      throw channel.invalid("refuses '\(answer["change"]?.string ?? "describe")'")
    }
    description = try EngineDescription(answer) { channel.invalid($0) }
    state = State(channel: channel, restart: restart)
    canRestart = restart != nil
  }

  /// The problem that verbs take.
  /// - Throws: `KeelError` where a setting is not what it should be.
  package func problem(seed: UInt64) throws -> Problem {
    let problem = try description.problem(by: self) { what in
      KeelError(.invalid, at: name, what, fix: "answer 'describe' as Guides/Engines.md says")
    }
    var recipe = problem.recipe
    recipe.seed = seed
    return problem.with(recipe)
  }

  // MARK: as an engine

  /// What its trainings begin with, and the step that comes first.
  var start: String { description.origin?.name ?? "start" }
  var firstStep: Int { description.origin.map { $0.step + 1 } ?? 0 }

  package var initialWeights: [InitialWeight] { description.initialWeights }

  package var soundInitializer: Choice<Initializers> {
    name.lowercased().hasPrefix("pytorch") ? .pytorch : .xavier()
  }

  package var operations: (first: Operations, last: Operations) {
    (description.operations, facts.withLock { $0.operations })
  }

  package var spread: Double? { facts.withLock { $0.spread } }

  package func session(of problem: Problem) throws -> any TrainingSession {
    try EngineTraining(problem, by: self)
  }

  // MARK: trials

  /// A trial: how it begins, how long it goes on, and what is changed.
  struct Trial {
    let seed: UInt64
    /// `start`, or a snapshot.
    let start: String
    let steps: Int
    let changes: [EngineChange]
    /// The steps after which the state is kept.
    let kept: [Int]
  }

  /// How a trial ended.
  struct Ending {
    enum Kind: String { case ok, stopped, nonFinite = "non-finite", refused }
    let kind: Kind
    let answer: JSONValue
  }

  /// Makes a trial.
  /// - Parameter step: gets every step's answer; says whether to go on.
  /// - Throws: `KeelError` where the engine fails; `CancellationError`.
  func make(
    _ trial: Trial, isCancelled: () -> Bool, step: (JSONValue) throws -> Bool
  ) throws -> Ending {
    try lock.withLock {
      do {
        return try make(trial, isCancelled, step)
      } catch {
        // Whatever it was doing, the next trial must not find it doing that.
        state.channel.end()
        if let restart = state.restart, !(error is CancellationError) {
          state.channel = try restart()
        }
        throw error
      }
    }
  }

  private func make(
    _ trial: Trial, _ isCancelled: () -> Bool, _ step: (JSONValue) throws -> Bool
  ) throws -> Ending {
    state.lastID += 1
    let id = Double(state.lastID)
    var message: [String: JSONValue] = [
      "id": .number(id), "do": "trial", "seed": .number(Double(trial.seed)),
      "from": .string(trial.start), "steps": .number(Double(trial.steps)),
      "changes": .array(trial.changes.map(\.message)),
    ]
    if !trial.kept.isEmpty { message["keep"] = .array(trial.kept.map { .number(Double($0)) }) }
    try state.channel.send(.object(message))
    var linesAfterStop: Int?
    while true {
      let begin = ContinuousClock.now
      let usual = state.stepTimes.sorted()[safe: state.stepTimes.count / 2] ?? 0
      let answer = try state.channel.answer(
        within: max(patience, Self.usualSteps * usual), isCancelled: isCancelled)
      guard answer["id"]?.number == id else {
        throw state.channel.invalid("answers another trial than \(Int(id)), which was asked for")
      }
      if let end = answer["end"] {
        guard let kind = end.string.flatMap(Ending.Kind.init) else {
          throw state.channel.invalid("'end' is none of ok, non-finite, stopped, refused")
        }
        return Ending(kind: kind, answer: answer)
      }
      if let lines = linesAfterStop {
        guard lines < Self.linesAfterStop else {
          throw state.channel.invalid("goes on after it was asked to stop")
        }
        linesAfterStop = lines + 1
        continue
      }
      state.stepTimes.append((ContinuousClock.now - begin) / .seconds(1))
      state.stepTimes.removeFirst(max(0, state.stepTimes.count - 20))
      if isCancelled() { throw CancellationError() }
      do {
        guard try step(answer) else {
          try state.channel.send(["id": .number(id), "do": "stop"])
          linesAfterStop = 0
          continue
        }
      } catch let fault as Fault {
        throw state.channel.invalid(fault.what)
      }
    }
  }

  /// The error of an answer that is none.
  func invalid(_ what: String) -> KeelError { lock.withLock { state.channel.invalid(what) } }

  /// What is wrong with an answer.
  struct Fault: Error { let what: String }

  /// Whether a trial that failed can be tried again.
  let canRestart: Bool

  /// The least loss that a trial began with, this one's included.
  func leastInitialLoss(with loss: Double) -> Double {
    facts.withLock { facts in
      if loss.isFinite { facts.leastInitialLoss = min(facts.leastInitialLoss, loss) }
      return facts.leastInitialLoss
    }
  }

  /// Two trials alike were so far apart.
  func note(spread: Double) {
    facts.withLock { $0.spread = max($0.spread ?? 0, spread) }
  }

  /// What the operations of the training itself met where it ended.
  func note(_ operations: Operations) {
    facts.withLock { $0.operations = operations }
  }

  /// Tells the engine that nothing more is asked, and what came of it.
  package func finish(_ result: JSONValue?) {
    lock.withLock {
      var message: [String: JSONValue] = ["do": "done"]
      message["result"] = result
      // Who has gone already need not be told.
      try? state.channel.send(.object(message))
      state.channel.close()
    }
  }
}

extension Array {
  fileprivate subscript(safe index: Int) -> Element? {
    indices.contains(index) ? self[index] : nil
  }
}
