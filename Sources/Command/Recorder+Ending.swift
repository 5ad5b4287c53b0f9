import KeelAuthoring
import KeelArchive
import KeelReport

extension Recorder {
  /// Its id in an archive; nil where it is kept in memory alone.
  var keptID: String? { history.path == ":memory:" ? nil : id }

  /// Writes how it ended, and says so where that cannot be written.
  @discardableResult
  func end(_ ending: ArchivedRun.Ending) async -> KeelError? {
    let failure = await finish(ending)
    if let failure {
      ProgressBar.interrupt("warning: \(failure); the run is not kept to its end\n")
    }
    return failure
  }

  /// Takes the steps of the training, and what its diagnosis comes to.
  func record(_ progress: Diagnosis.Progress) {
    switch progress {
    case .training(let step): record(step)
    case .failed(let training): note { $0.failed(training) }
    case .experimented(let row): note { $0.experiments.append(row) }
    }
  }

  /// Takes the steps of the training that failed, what its diagnosis and the search come to, then
  /// the steps of the cure.
  func record(_ progress: Cure.Progress) {
    switch progress {
    case .diagnosis(let progress): record(progress)
    case .retraining(let step):
      note { $0.begin(.retraining) }
      record(step)
    case .searching(let budget): note { $0.budget = budget }
    case .diagnosed(let findings):
      note { progress in
        progress.findings = findings
        progress.begin(.searching)
      }
    case .tried(let trial): note { $0.trials.append(trial) }
    }
  }

  /// Writes what became of a case.
  /// - Parameter body: its page for machines.
  @discardableResult
  func end(_ history: CaseHistory, _ body: String) async -> KeelError? {
    let changes = history.remedies.flatMap { $0.changes }.map { change in
      "\(change.path): \(change.to?.line ?? "removed")"
    }
    return await end(
      .init(
        history.outcome.rawValue, training: history.after ?? history.before,
        explosion: history.before.explosion, cause: history.findings.first?.cause,
        change: changes.isEmpty ? nil : changes.joined(separator: ", "), body: body))
  }
}

/// Does what a run is kept of; one that does not come to an answer has ended all the same.
func keeping<Answer>(
  _ recorder: Recorder?, _ work: () async throws -> Answer
) async throws -> Answer {
  do {
    return try await work()
  } catch {
    await recorder?.end(.init(error is CancellationError ? "interrupted" : "failed"))
    throw error
  }
}
