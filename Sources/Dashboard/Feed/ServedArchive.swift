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

  private struct State {
    let history: History
    let live: LiveFolder
    /// Which file it is.
    let file: UInt64
  }

  init(_ path: String) { self.path = path }

  /// Takes in what trainings of other frameworks have written beside it.
  func look() {
    // An archive that cannot be written is read all the same.
    guard isThere else { return }
    try? opened().live.take()
  }

  /// - Returns: nil where there is no such run.
  /// - Throws: `KeelError` where the archive cannot be read.
  func page(_ topic: Route.Topic) throws -> (any LivePage)? {
    guard isThere else { return topic == .runs ? LiveRuns(nothingAt: path) : nil }
    let history = try opened().history
    do {
      switch topic {
      case .runs: return try LiveRuns(history)
      case .run(let id): return try LiveRun(history.run(id), in: history)
      case .comparison(let ids):
        return try LiveComparison(ids.prefix(LiveComparison.most).map(history.run), in: history)
      }
    } catch let error as KeelError where error.kind == .missing || error.kind == .usage {
      return nil
    }
  }

  /// What is another once the page is; the same where it cannot be read.
  func mark(of topic: Route.Topic) -> String {
    guard isThere, let history = try? opened().history else { return "" }
    let ids: [String]? =
      switch topic {
      case .runs: nil
      case .run(let id): [id]
      case .comparison(let ids): ids
      }
    return (try? history.mark(of: ids)) ?? ""
  }

  private var isThere: Bool {
    FileManager.default.fileExists(atPath: path) || LiveFolder.isThere(beside: path)
  }

  private func opened() throws -> State {
    let file = try? FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? UInt64
    return try state.withLock { state in
      if let known = state, known.file == file { return known }
      state = nil
      // What is watched in other frameworks needs one.
      let isWatched = LiveFolder.isThere(beside: path)
      let history = try History(path, create: file == nil && isWatched)
      let new = State(
        history: history, live: LiveFolder(beside: history),
        file: try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? UInt64
          ?? 0)
      state = new
      return new
    }
  }
}
