import Foundation
import KeelAuthoring
import KeelArchive
import KeelReport
import Synchronization

/// Where a training is kept, and how that has gone so far.
final class Saving: Sendable {
  let path: String
  private let every: Int?
  private let bar: ProgressBar
  private let state: Mutex<State>
  private let lock: FileLock

  private struct State {
    /// Whether the file there is of this training.
    var isOwn: Bool
    var isFailing = false
    /// The step that this training last wrote, and how often it had healed by then.
    var kept: (step: Int, recoveries: Int)?
  }

  /// - Parameter isOwn: whether the file there is of this training already.
  /// - Throws: `KeelError` where another training keeps itself there.
  init(_ path: String, every: Int?, isOwn: Bool, bar: ProgressBar) throws {
    lock = try FileLock(path)
    (self.path, self.every, self.bar) = (path, every, bar)
    state = Mutex(State(isOwn: isOwn))
  }

  /// A full disk does not end a training; it is told once, until there is room again.
  var checkpointing: CheckpointPolicy {
    CheckpointPolicy(every: every, fail: warn) { [self] checkpoint in
      do {
        try CheckpointFile.write(checkpoint, to: path)
        let kept = (checkpoint.step ?? 0, checkpoint.recoveries.count)
        state.withLock { $0 = State(isOwn: true, kept: kept) }
      } catch {
        warn(error)
      }
    }
  }

  @Sendable private func warn(_ error: any Error) {
    let isNew = state.withLock { state in
      defer { state.isFailing = true }
      return !state.isFailing
    }
    guard isNew else { return }
    bar.clear()
    Terminal.error.write("warning: \(error); the training goes on\n")
  }

  /// Keeps the run as it ended.
  ///
  /// One that exploded is kept as it last was sound, but does not replace a file that is not its
  /// own, nor is it kept where nothing was learnt yet.
  func finish(_ run: Run, _ training: Training) async throws -> TrainPage.Kept {
    let isThere = FileManager.default.fileExists(atPath: path)
    func left(_ why: String) -> TrainPage.Kept {
      TrainPage.Kept(path: path, step: nil, isThere: isThere, why: why)
    }
    let (isOwn, kept) = state.withLock { ($0.isOwn, $0.kept) }
    let checkpoint: Checkpoint
    do {
      checkpoint = try await run.checkpoint()
      // Sound as well, and later on the same way: snapshots lie further apart.
      if training.outcome == .exploded, let kept, kept.step >= checkpoint.step ?? 0,
        kept.recoveries == checkpoint.recoveries.count
      {
        return TrainPage.Kept(path: path, step: kept.step, isThere: true, why: nil)
      }
    } catch let error as KeelError where error.place == "checkpoint" {
      return left(error.what)
    }
    if training.outcome == .exploded {
      guard isOwn || !isThere else {
        return left("this training had not written it")
      }
      guard checkpoint.step ?? 0 > 0 else {
        return left("nothing was learnt before the explosion")
      }
    }
    try CheckpointFile.write(checkpoint, to: path)
    return TrainPage.Kept(path: path, step: checkpoint.step, isThere: true, why: nil)
  }
}
