import Foundation
import KeelCauses
import KeelData
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining
import Synchronization

/// The trials of a study: its program with other values, several at a time.
///
/// Where a trial pauses its program is stopped, and goes on from there.
package final class StudyRunner: EngineRunner {
  package let description: EngineDescription
  let facts = EngineFacts()
  let canRestart = true
  package let knobs: [Knob]?
  package let places: Int
  package let soundInitializer = Choice<Initializers>.xavier()
  private let study: Study
  /// Words before the program's: `srun -n1`.
  private let launcher: [String]
  private let environment: [String]
  private let folders: TrialFolders
  private let state = Mutex(State())

  private struct State {
    /// Programs that are stopped, by the name of the state they are kept in, and how many losses
    /// they have told; the oldest first.
    var stopped: [(name: String, program: StudyProgram, losses: Int)] = []
    var count = 0
    /// Seconds between losses, the latest of them.
    var gaps: [Double] = []
  }

  /// Loading may take so many times as long as a step may, and a step so many usual ones.
  private static let (loading, usual) = (5.0, 20.0)
  /// Programs that are stopped at a time, and for each of those that run: each keeps its memory.
  private static let mostStopped = 4

  /// - Parameters:
  ///   - jobs: trials at a time.
  ///   - launcher: words before those of the program.
  /// - Throws: `KeelError` where the study's numbers are too large.
  package init(_ study: Study, jobs: Int = 1, launcher: [String] = []) throws {
    (self.study, self.launcher) = (study, launcher)
    places = max(1, jobs)
    knobs = study.settings.knobs
    folders = TrialFolders(of: study.folder, but: study.loss.file)
    environment = Self.environment(jobs: jobs)
    description = try EngineDescription(Self.description(of: study)) { what in
      KeelError(.invalid, at: "study", what, fix: "see Guides/Studies.md")
    }
  }

  /// A loss is taken for that of a batch, and a twentieth of a training for an epoch.
  private static func description(of study: Study) -> JSONValue {
    var answer: [String: JSONValue] = [
      "engine": .string(study.program.joined(separator: " ")),
      "steps": .number(Double(study.steps)),
      "stepsPerEpoch": .number(Double(max(1, study.steps / 20))),
      "batch": .number(Double(study.batch)),
      "settings": ["optimizer": "own", "learning-rate": .number(OwnOptimizer.referenceRate)],
    ]
    answer["constantLoss"] = study.constantLoss.value.map(JSONValue.number)
    return .object(answer)
  }

  /// Lines as they come, and one core for each of several.
  private static func environment(jobs: Int) -> [String] {
    var values = ProcessInfo.processInfo.environment
    values["PYTHONUNBUFFERED"] = values["PYTHONUNBUFFERED"] ?? "1"
    if jobs > 1 {
      let threads = max(1, ProcessInfo.processInfo.activeProcessorCount / jobs)
      values["OMP_NUM_THREADS"] = values["OMP_NUM_THREADS"] ?? String(threads)
    }
    return values.map { "\($0.key)=\($0.value)" }
  }

  package var takesSeeds: Bool { study.takesSeeds }

  package func problem(seed: UInt64) throws -> Problem {
    let problem = try description.problem(by: self, seed: seed) { invalid($0) }
    var recipe = problem.recipe
    recipe.name = study.name
    recipe.own = .init(OwnSettings(study.settings.knobs.map { .init($0.name, $0.value) }))
    return problem.with(recipe)
  }

  /// Settings that change what a loss is measured in: only trials with the same of them share it.
  private var units: [Knob] {
    let causes: [any Cause.Type] = [UnscaledData.self, MismatchedLoss.self, SummedLoss.self]
    return study.settings.knobs.filter { knob in
      let cause = CauseCatalog.standard.cause(of: knob)
      return causes.contains { $0 == cause }
    }
  }

  func isInOwnUnits(_ recipe: Recipe) -> Bool {
    units.allSatisfy { recipe.own.value?[$0.name] == $0.value }
  }

  /// Those of its units stay: a loss in other ones is another loss.
  var referenceChanges: [EngineChange]? {
    let units = Set(units.map(\.name))
    let changed = study.settings.knobs.filter {
      $0.value != $0.reference && !units.contains($0.name)
    }
    return changed.isEmpty
      ? nil : changed.map { .set($0.name, to: .string($0.reference.word)) }
  }

  func invalid(_ what: String) -> KeelError {
    KeelError(.invalid, at: name, what, fix: "see Guides/Studies.md")
  }

  func drop(_ snapshot: String) {
    // What is let go ends outside of the lock: that may take two seconds.
    _ = state.withLock { state in
      state.stopped.firstIndex { $0.name == snapshot }.map { state.stopped.remove(at: $0) }
    }
  }

  // MARK: trials

  func make(
    _ trial: EngineTrial, isCancelled: () -> Bool, step: (JSONValue) throws -> Bool
  ) throws -> EngineTrial.Ending {
    guard trial.start != start else {
      return try follow(begin(trial), from: 0, trial, isCancelled, step)
    }
    let kept = state.withLock { state in
      state.stopped.firstIndex { $0.name == trial.start }.map { state.stopped.remove(at: $0) }
    }
    guard let kept else { return .init(kind: .refused, answer: ["change": "a state"]) }
    kept.program.goOn()
    return try follow(kept.program, from: kept.losses, trial, isCancelled, step)
  }

  private func begin(_ trial: EngineTrial) throws -> StudyProgram {
    let number = state.withLock { state in
      state.count += 1
      return state.count
    }
    let folder = try folders.make(number)
    let values = trial.changes.reduce(into: [String: String]()) { values, change in
      guard let name = change.message["set"]?.string else { return }
      values[name] = change.message["to"]?.string
    }
    let words = study.words(values, seed: trial.seed, losses: trial.total, folder: folder)
    return try StudyProgram(
      launcher + words.map(outside), reading: study.loss, in: folder, of: folders,
      environment: environment, number: number)
  }

  /// What lies beside the study's folder is found from a trial's, too.
  private func outside(_ word: String) -> String {
    guard word.hasPrefix("../") else { return word }
    let path = "\(study.folder)/\(word)"
    return FileManager.default.fileExists(atPath: path) ? path : word
  }

  private func follow(
    _ program: StudyProgram, from first: Int, _ trial: EngineTrial, _ isCancelled: () -> Bool,
    _ step: (JSONValue) throws -> Bool
  ) throws -> EngineTrial.Ending {
    let goal = first + trial.steps
    var done = first
    while done < goal {
      let begin = ContinuousClock.now
      let usual = state.withLock { $0.gaps.median ?? 0 }
      let patience = done == 0 ? Self.loading * study.patience : study.patience
      let event = try program.next(
        within: max(patience, Self.usual * usual), isCancelled: isCancelled)
      guard case .loss(let loss) = event else {
        guard case .end(let code, let signal) = event else { break }
        return try end(program, code, signal, after: done)
      }
      // The first, with all that was loaded for it, until there are others.
      if done > 0 || usual == 0 {
        state.withLock { state in
          state.gaps.append((ContinuousClock.now - begin) / .seconds(1))
          state.gaps.removeFirst(max(0, state.gaps.count - 20))
        }
      }
      var answer: [String: JSONValue] = [
        "step": .number(Double(done)), "loss": .number(loss), "learningRate": .number(.nan),
      ]
      let isKept = trial.kept.contains(done)
      let snapshot = "\(program.number)-\(done)"
      if isKept { answer["snapshot"] = .string(snapshot) }
      done += 1
      let goesOn = try step(.object(answer))
      guard loss.isFinite else { return .init(kind: .nonFinite, answer: [:]) }
      guard goesOn else { return .init(kind: .stopped, answer: [:]) }
      if isKept {
        program.stop()
        withExtendedLifetime(keep(program, as: snapshot, done)) {}
      }
    }
    return .init(kind: .ok, answer: [:])
  }

  /// - Returns: those that there is no room for any more.
  private func keep(
    _ program: StudyProgram, as name: String, _ losses: Int
  ) -> [StudyProgram] {
    state.withLock { state in
      state.stopped.append((name, program, losses))
      let extra = max(0, state.stopped.count - places * Self.mostStopped)
      defer { state.stopped.removeFirst(extra) }
      return state.stopped.prefix(extra).map(\.program)
    }
  }

  /// A program that has ended by itself: at its end, of a number that is not finite, or of
  /// something else.
  private func end(
    _ program: StudyProgram, _ code: Int32, _ signal: Int32, after done: Int
  ) throws -> EngineTrial.Ending {
    if code == 0, signal == 0, done > 0 { return .init(kind: .ok, answer: [:]) }
    guard done > 0, signal == SIGFPE || (code != 0 && program.namesNonFinite) else {
      throw program.failure(code: code, signal: signal, after: done)
    }
    return .init(kind: .nonFinite, answer: ["first": ["kind": "invalid"]])
  }

  /// Ends all that are stopped.
  package func finish(_ result: JSONValue?) {
    let all = state.withLock { state in
      defer { state.stopped = [] }
      return state.stopped
    }
    withExtendedLifetime(all) {}
  }
}

extension [Double] {
  fileprivate var median: Double? { isEmpty ? nil : sorted()[count / 2] }
}
