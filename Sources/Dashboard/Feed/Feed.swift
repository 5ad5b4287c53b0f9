import Foundation
import KeelAuthoring
import KeelReport

/// What the pages show, read from an archive again and again, and told to those that are open.
actor Feed {
  private let archive: ServedArchive
  private var topics: [Route.Topic: Told] = [:]
  private var beats = 0
  private let thread = ThreadExecutor(name: "keel-feed")

  /// What a topic's followers were told.
  private struct Told {
    var followers: [ObjectIdentifier: Follower] = [:]
    var parts: [LivePart] = []
    /// Followers that have missed something.
    var behind: Set<ObjectIdentifier> = []
    /// Of the archive when that was; nil where nobody has looked since.
    var mark: String?
  }

  /// Between two looks at the archive; pages are told every so many looks that they are up to date,
  /// and are then drawn anew, for time passes too.
  private static let (pause, beat) = (Duration.seconds(1), 5)

  init(_ archive: ServedArchive) { self.archive = archive }

  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  /// A page as it is now.
  func page(_ topic: Route.Topic) -> Answer {
    do {
      guard let page = try archive.page(topic) else {
        return .notice(.notFound, "there is no such run; it may have been deleted")
      }
      return Answer(text: page.html(events: topic.events))
    } catch {
      let page = NoticePage("\(error)")
      return Answer(
        status: .serviceUnavailable, text: page.html(events: nil), headers: ["retry-after": "5"])
    }
  }

  func add(_ follower: Follower, to topic: Route.Topic) {
    var told = topics[topic] ?? Told()
    if told.parts.isEmpty { told.parts = parts(of: topic) ?? [] }
    told.followers[ObjectIdentifier(follower)] = follower
    let start = "retry: 2000\n\n" + Self.events(told.parts) + Self.sign
    if !follower.send(start) { told.behind.insert(ObjectIdentifier(follower)) }
    topics[topic] = told
  }

  func remove(_ follower: Follower) {
    for topic in topics.keys {
      topics[topic]?.followers[ObjectIdentifier(follower)] = nil
      topics[topic]?.behind.remove(ObjectIdentifier(follower))
      if topics[topic]?.followers.isEmpty ?? false { topics[topic] = nil }
    }
  }

  /// Looks at the archive until it is cancelled.
  func run() async {
    while !Task.isCancelled {
      archive.look()
      beats += 1
      for topic in topics.keys { tell(topic) }
      try? await Task.sleep(for: Self.pause)
    }
  }

  private func tell(_ topic: Route.Topic) {
    guard var told = topics[topic] else { return }
    let isBeat = beats % Self.beat == 0
    let mark = archive.mark(of: topic)
    var changed: [LivePart] = []
    if isBeat || mark != told.mark, let parts = parts(of: topic) {
      let before = Dictionary(told.parts.map { ($0.id, $0) }) { $1 }
      changed = parts.filter { before[$0.id] != $0 }
      let missing = told.parts.filter { old in !parts.contains { $0.id == old.id } }
      told.parts = parts + missing
      told.mark = mark
    }
    let news = Self.events(changed) + (isBeat ? Self.sign : "")
    for (id, follower) in told.followers {
      // Who has missed something is told everything.
      let isBehind = told.behind.contains(id)
      guard isBehind || !news.isEmpty else { continue }
      if follower.send(isBehind ? Self.events(told.parts) + Self.sign : news) {
        told.behind.remove(id)
      } else {
        told.behind.insert(id)
      }
    }
    topics[topic] = told
  }

  /// The parts of a page; where it cannot be read, that.
  private func parts(of topic: Route.Topic) -> [LivePart]? {
    do {
      guard let page = try archive.page(topic) else {
        return [NoticePage.notice("this run is no longer there")]
      }
      return page.parts
    } catch {
      return [NoticePage.notice("\(error)")]
    }
  }

  private static let sign = "event: beat\ndata: 1\n\n"

  private static func events(_ parts: [LivePart]) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return parts.compactMap { part in
      (try? encoder.encode(part)).map {
        "event: part\ndata: \(String(decoding: $0, as: UTF8.self))\n\n"
      }
    }.joined()
  }
}
