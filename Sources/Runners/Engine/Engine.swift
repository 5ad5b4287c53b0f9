import Foundation
import KeelData
import KeelEngine
import KeelTraining

/// A program that trains, and that Keel diagnoses and cures without a recipe: PyTorch, Keras, or
/// anything that speaks the engine protocol; or any program at all, by its study.
///
/// `try await Engine(command: "python train.py").problem().cure()`
public struct Engine: Sendable {
  private let runner: any EngineRunner

  /// Starts a program in a process group of its own, which ends with this process.
  /// - Parameters:
  ///   - command: as one would type it: `python train.py`.
  ///   - log: gets every line that it prints and that is no answer.
  /// - Throws: `KeelError` where it cannot be started, or does not say what it trains.
  public init(
    command: String, log: @escaping @Sendable (String) -> Void = { _ in }
  ) throws {
    runner = try ProcessRunner(command: command, log: log)
  }

  /// The program that started this one, on standard input and output.
  /// - Throws: `KeelError` where it does not say what it trains.
  public init(startedBy log: @escaping @Sendable (String) -> Void) throws {
    runner = try ProcessRunner(startedByEngine: log)
  }

  /// A program that is started anew for every trial, with other values on its command line.
  /// - Parameters:
  ///   - jobs: trials at a time.
  ///   - launcher: words before those of the program: `srun -n1`.
  /// - Throws: `KeelError` where the study's numbers are too large.
  public init(study: Study, jobs: Int = 1, launcher: [String] = []) throws {
    runner = try StudyRunner(study, jobs: jobs, launcher: launcher)
    self.study = study
  }

  /// The study that it is started by; nil for what speaks the protocol.
  public private(set) var study: Study?

  /// What it calls itself: `pytorch 2.13`.
  public var name: String { runner.name }

  /// How far two trials alike were apart, as a share of the loss; nil where they came out the same.
  public var spread: Double? { runner.spread }

  /// Why a trial could not be made; nil where all could.
  public var failure: KeelError? { runner.facts.failure }

  /// The step that its trainings begin with: 0, or the one after a state that was kept.
  public var firstStep: Int { runner.firstStep }

  /// Its training, for diagnosis and cure.
  /// - Throws: `KeelError` where a setting that it tells is not what it should be.
  public func problem(seed: UInt64 = 0) throws -> Problem { try runner.problem(seed: seed) }

  /// Tells it that nothing more is asked, and what came of it.
  /// - Parameter result: JSON, as the command prints it.
  public func finish(_ result: String? = nil) {
    runner.finish(result.flatMap { JSONValue($0.utf8) })
  }
}
