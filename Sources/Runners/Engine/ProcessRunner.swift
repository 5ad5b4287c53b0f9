import Foundation
import KeelData
import KeelEngine
import KeelNetworks
import KeelSettings
import KeelTraining
import Synchronization

/// Somebody else's training, in a process that speaks the engine protocol (`Guides/Engines.md`).
///
/// It makes one trial at a time. An engine that dies, hangs or answers what is no answer is ended
/// and started again; the trial is then tried once more.
package final class ProcessRunner: EngineRunner, @unchecked Sendable {
  package let description: EngineDescription
  // Guarded by the lock, which a trial holds from its beginning to its end.
  private let lock = NSLock()
  private var state: State
  let facts = EngineFacts()

  private struct State {
    var channel: EngineChannel
    /// Makes another; nil where the engine is who started this process.
    let restart: (@Sendable () throws -> EngineChannel)?
    var lastID = 0
    /// Seconds that steps took, the latest of them.
    var stepTimes: [Double] = []
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

  package func problem(seed: UInt64) throws -> Problem {
    try description.problem(by: self, seed: seed) { what in
      KeelError(.invalid, at: name, what, fix: "answer 'describe' as Guides/Engines.md says")
    }
  }

  // MARK: as an engine

  package var soundInitializer: Choice<Initializers> {
    name.lowercased().hasPrefix("pytorch") ? .pytorch : .xavier()
  }

  // MARK: trials

  func make(
    _ trial: EngineTrial, isCancelled: () -> Bool, step: (JSONValue) throws -> Bool
  ) throws -> EngineTrial.Ending {
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
    _ trial: EngineTrial, _ isCancelled: () -> Bool, _ step: (JSONValue) throws -> Bool
  ) throws -> EngineTrial.Ending {
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
        guard let kind = end.string.flatMap(EngineTrial.Ending.Kind.init) else {
          throw state.channel.invalid("'end' is none of ok, non-finite, stopped, refused")
        }
        return EngineTrial.Ending(kind: kind, answer: answer)
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
      } catch let fault as EngineTrial.Fault {
        throw state.channel.invalid(fault.what)
      }
    }
  }

  func invalid(_ what: String) -> KeelError { lock.withLock { state.channel.invalid(what) } }

  let canRestart: Bool

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
