import Foundation
import Keel
import KeelArchive
import Synchronization

/// Where a training is kept, and how that has gone so far.
final class Saving: Sendable {
  let path: String
  private let every: Int?
  private let bar: ProgressBar
  private let state: Mutex<(isOwn: Bool, isFailing: Bool)>

  /// - Parameter isOwn: whether the file there is of this training already.
  init(_ path: String, every: Int?, isOwn: Bool, bar: ProgressBar) {
    (self.path, self.every, self.bar) = (path, every, bar)
    state = Mutex((isOwn, false))
  }

  /// A full disk does not end a training; it is told once, until there is room again.
  var checkpointing: Checkpointing {
    Checkpointing(every: every, fail: warn) { [self] checkpoint in
      do {
        try CheckpointFile.write(checkpoint, to: path)
        state.withLock { $0 = (true, false) }
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

  /// Keeps the run as it ended. One that exploded is kept as it last was sound, but does not replace
  /// a file that is not its own, nor is it kept where nothing was learnt yet.
  func finish(_ run: Run, _ training: Training) async throws -> TrainPage.Kept {
    let isThere = FileManager.default.fileExists(atPath: path)
    func left(_ why: String) -> TrainPage.Kept {
      TrainPage.Kept(path: path, step: nil, isThere: isThere, why: why)
    }
    let checkpoint: Checkpoint
    do {
      checkpoint = try await run.checkpoint()
    } catch let error as KeelError where error.place == "checkpoint" {
      return left(error.what)
    }
    if training.outcome == .exploded {
      guard state.withLock({ $0.isOwn }) || !isThere else {
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
