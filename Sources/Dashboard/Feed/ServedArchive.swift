import Foundation
import KeelArchive
import KeelAuthoring
import KeelReport
import Synchronization

/// The archive that is served, as long as it is there: where its file has gone, or another is in
/// its place, it is opened anew.
final class ServedArchive: Sendable {
  private let path: String
  private let state = Mutex<State?>(nil)
  private let importing = Mutex<KeelError?>(nil)

  private struct State {
    let history: History
    let live: LiveFolder
    /// Which file it is.
    let file: UInt64
  }

  init(_ path: String) { self.path = path }

  /// Why what `keel.watch` has written could not be taken in; nil where nothing is wrong.
  var failure: KeelError? { importing.withLock { $0 } }

  /// Takes in what trainings of other frameworks have written beside it, until it is cancelled.
  func importLive() async {
    let worker = Importer(self)
    while !Task.isCancelled {
      await worker.take()
      try? await Task.sleep(for: .seconds(1))
    }
  }

  /// Takes it on a thread of its own: what waits for a lock keeps no page waiting.
  private actor Importer {
    private let archive: ServedArchive
    private let thread = ThreadExecutor(name: "keel-import")

    init(_ archive: ServedArchive) { self.archive = archive }

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    func take() {
      var failure: KeelError?
      do {
        if archive.isThere { try archive.opened().live.take() }
      } catch {
        failure = error as? KeelError
      }
      archive.importing.withLock { $0 = failure }
    }
  }

  /// - Parameter before: the same page as it was drawn last.
  /// - Throws: `KeelError` where there is no such run, or the archive cannot be read.
  func page(_ topic: Route.Topic, after before: (any LivePage)? = nil) throws -> any LivePage {
    guard isThere || topic != .runs else { return LiveRuns(nothingAt: path) }
    let history = try opened().history
    switch topic {
    case .runs: return try LiveRuns(history, after: before as? LiveRuns)
    case .run(let id): return try LiveRun(history.run(id), in: history)
    case .comparison(let ids):
      guard !ids.isEmpty else {
        throw KeelError(
          .usage, at: "compare", "no run is marked", fix: "go back, and mark two to seven")
      }
      return try LiveComparison(ids.prefix(LiveComparison.most).map(history.run), in: history)
    }
  }

  /// What is another once the page is; empty where the archive cannot be read.
  func version(of topic: Route.Topic) -> String {
    guard isThere, let history = try? opened().history else { return "" }
    let ids: [String]? =
      switch topic {
      case .runs: nil
      case .run(let id): [id]
      case .comparison(let ids): ids
      }
    return (try? history.version(of: ids)) ?? ""
  }

  private var isThere: Bool {
    FileManager.default.fileExists(atPath: path) || LiveFolder.isThere(beside: path)
  }

  private func opened() throws -> State {
    let file = number
    return try state.withLock { state in
      if let known = state, known.file == file { return known }
      state = nil
      // What is watched in other frameworks needs one.
      let history = try History(path, create: file == nil && LiveFolder.isThere(beside: path))
      let new = State(history: history, live: LiveFolder(beside: history), file: number ?? 0)
      state = new
      return new
    }
  }

  /// Of the file; nil where it is not there.
  private var number: UInt64? {
    try? FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? UInt64
  }
}
