import Dispatch
import Foundation
import GRDB
import KeelAuthoring
import Synchronization

/// Writes a run into an archive as it goes.
///
/// A step is copied into memory, and a thread of its own writes what has come together: a training
/// never waits for the disk, and does not end with it. What cannot be written is tried again with
/// what comes next; what waits for longer than memory has room for is left out, and said.
public final class Recorder: Sendable {
  /// The run's id.
  public let id: String
  /// Where it is written.
  public let history: History
  private let queue = DispatchQueue(label: "keel-history", qos: .utility)
  private let inbox = Mutex(Inbox())
  private let writer: Mutex<RunWriter>
  private let warn: @Sendable (KeelError) -> Void

  /// Seconds between two writes, and how long the last one waits for an archive that is locked.
  private static let (interval, patience) = (0.5, 60.0)
  /// Where many write, each waits its turn: the next write comes after ten times what the last one
  /// took, or so many seconds.
  private static let (rest, longest) = (10.0, 8.0)
  /// Bytes that wait to be written at the most: a disk that is busy for seconds loses nothing.
  private static let most = 1 << 27

  /// The steps that nobody has written yet, and how many found no room.
  private struct Inbox {
    var stretches: [RecordedStretch] = []
    /// Memory that was written, for what comes next: new memory costs the training time.
    var spare: RecordedStretch?
    var bytes = 0
    /// Whether the next step goes on from the last.
    var isOpen = false
    var next = 0
    var lost = 0
    /// Steps of the training under way.
    var total: Int?
    /// What was found, and whether that is written.
    var progress = RunProgress()
    var isNoted = true
  }

  /// Begins to write.
  /// - Parameters:
  ///   - recipe: the text that is kept of what is trained.
  ///   - warn: told once where the archive takes nothing for now.
  public init(
    _ run: ArchivedRun, recipe: String?, in history: History,
    warn: @escaping @Sendable (KeelError) -> Void
  ) {
    (id, self.history, self.warn) = (run.id, history, warn)
    writer = Mutex(RunWriter(run, recipe: recipe))
    queue.async { [self] in writeAgain() }
  }

  /// Writes again and again, until it has ended or nobody holds it any more.
  private func writeAgain() {
    let began = ContinuousClock.now
    _ = write(nil)
    let pause = Self.rest * ((ContinuousClock.now - began) / .seconds(1))
    queue.asyncAfter(deadline: .now() + min(max(Self.interval, pause), Self.longest)) {
      [weak self] in
      guard let self, writer.withLock({ $0.run.ended == nil }) else { return }
      writeAgain()
    }
  }

  /// Takes a step; does not wait.
  public func record(_ step: Run.Step) {
    inbox.withLock { inbox in
      guard inbox.bytes < Self.most else {
        inbox.lost += 1
        inbox.isOpen = false
        return
      }
      let layers = step.layers.measured
      if !inbox.isOpen || step.index != inbox.next || inbox.stretches.last?.layers != layers {
        inbox.stretches.append(RecordedStretch(layers: layers, first: step.index))
        inbox.isOpen = true
      }
      (inbox.next, inbox.total) = (step.index + 1, step.total)
      let last = inbox.stretches.count - 1
      inbox.stretches[last].add(step)
      inbox.bytes += inbox.stretches[last].stride
    }
  }

  /// Takes what was measured in the newest step; does not wait.
  public func record(_ samples: [Run.Sample]) {
    inbox.withLock { inbox in
      guard inbox.isOpen, let last = inbox.stretches.indices.last else { return }
      inbox.stretches[last].add(samples)
    }
  }

  /// Takes what was found; does not wait.
  public func note(_ change: (inout RunProgress) -> Void) {
    inbox.withLock { inbox in
      let before = inbox.progress
      change(&inbox.progress)
      if inbox.progress != before { inbox.isNoted = false }
    }
  }

  /// Writes what is left, and how it ended; waits up to a minute for an archive that another
  /// process has locked.
  /// - Returns: what kept it from being written; nil where nothing did.
  @discardableResult
  public func finish(_ ending: ArchivedRun.Ending) async -> KeelError? {
    let lost = inbox.withLock { $0.lost }
    let deadline = ContinuousClock.now + .seconds(Self.patience)
    while true {
      let failure = await withCheckedContinuation { continuation in
        queue.async { [self] in continuation.resume(returning: write(ending)) }
      }
      guard let failure else { break }
      guard failure.isBusy, ContinuousClock.now < deadline else { return failure.error }
      try? await Task.sleep(for: .seconds(Self.interval))
      if Task.isCancelled { return failure.error }
    }
    guard lost > 0 || writer.withLock({ $0.lost }) > 0 else { return nil }
    return KeelError(
      .unwritable, at: history.path,
      "took nothing for so long that some steps found no room in memory",
      fix: "what it took is there")
  }

  private func write(_ ending: ArchivedRun.Ending?) -> (error: KeelError, isBusy: Bool)? {
    writer.withLock { writer in
      // Before the run has its row, what comes waits in memory.
      let empty = writer
      if !writer.isThere, let failure = attempt(&writer, else: empty, { try $1.begin($0) }) {
        return failure
      }
      var stretches = takeStretches()
      for stretch in stretches { writer.take(stretch) }
      let (total, progress) = takeNotes()
      writer.note(total, progress)
      let spare = stretches.popLast()
      inbox.withLock { $0.spare = spare }
      let before = writer
      // What was found is found in layers, too.
      writer.prepare(ending, withLayers: progress == nil ? nil : true)
      return attempt(&writer, else: before) { try $1.write($0) }
    }
  }

  /// How many steps there are, and what was found since that was last asked.
  private func takeNotes() -> (total: Int?, progress: RunProgress?) {
    inbox.withLock { inbox in
      defer { inbox.isNoted = true }
      return (inbox.total, inbox.isNoted ? nil : inbox.progress)
    }
  }

  /// What has come together; what comes next goes on from there.
  private func takeStretches() -> [RecordedStretch] {
    inbox.withLock { inbox in
      let taken = inbox.stretches
      inbox.stretches = []
      inbox.bytes = 0
      guard let last = taken.last else { return taken }
      var next = inbox.spare ?? RecordedStretch(layers: last.layers, first: 0)
      inbox.spare = nil
      next.reset(layers: last.layers, first: last.first + last.count)
      inbox.stretches = [next]
      return taken.filter { !$0.isEmpty }
    }
  }

  /// One transaction; after a failure everything is as before.
  private func attempt(
    _ writer: inout RunWriter, else before: RunWriter,
    _ work: (Database, inout RunWriter) throws -> Void
  ) -> (error: KeelError, isBusy: Bool)? {
    do {
      try history.database.write { try work($0, &writer) }
      writer.isFailing = false
      return nil
    } catch {
      let isNew = !before.isFailing
      writer = before
      writer.keepNewest()
      let told = history.explained(error)
      if isNew { warn(told) }
      let code = (error as? DatabaseError)?.resultCode.primaryResultCode
      return (told, code == .SQLITE_BUSY || code == .SQLITE_LOCKED)
    }
  }
}
