import Foundation
import KeelAuthoring
import KeelReport

/// What the pages show, read from an archive again and again, and sent to those that are open.
actor Feed {
  private let archive: ServedArchive
  private var topics: [Route.Topic: Subscription] = [:]
  private var lastHeartbeat = ContinuousClock.now
  private let thread = ThreadExecutor(name: "keel-feed")

  /// Pages as they were drawn last: who asks for the same again gets the same.
  private var drawn: [Route.Topic: Drawn] = [:]

  /// Who follows a topic, and what they were sent.
  private struct Subscription {
    var subscribers: [ObjectIdentifier: Subscriber] = [:]
    /// Those that have missed something.
    var behind: Set<ObjectIdentifier> = []
    var parts: [LivePart] = []
  }

  private struct Drawn {
    let page: any LivePage
    /// Of the archive when it was read.
    let version: String
    let date: ContinuousClock.Instant
    /// What it took: another is drawn once ten times that have passed.
    let time: Duration
  }

  /// Pages that are remembered at the most.
  private static let most = 32

  /// Between two looks at the archive, and between two signs that a page is up to date.
  ///
  /// At those, pages are drawn anew that time alone changes.
  private static let (interval, heartbeat) = (Duration.seconds(1), Duration.seconds(5))

  init(_ archive: ServedArchive) { self.archive = archive }

  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  /// A page as it is now.
  /// - Parameter isWanted: whether whoever has asked is still there.
  /// - Returns: nil where nobody is.
  func page(_ topic: Route.Topic, isWanted: @Sendable () -> Bool) -> Response? {
    guard isWanted() else { return nil }
    do {
      return Response(text: try page(topic).html(events: topic.events))
    } catch {
      let kind = (error as? KeelError)?.kind
      let status: Response.Status =
        kind == .missing ? .notFound : kind == .usage ? .badRequest : .serviceUnavailable
      // What may be there again is asked for again.
      let events = status == .serviceUnavailable ? topic.events : nil
      return Response(status: status, text: NoticePage("\(error)").html(events: events))
    }
  }

  func add(_ subscriber: Subscriber, to topic: Route.Topic) {
    let id = ObjectIdentifier(subscriber)
    var subscription = topics[topic] ?? Subscription()
    if subscription.parts.isEmpty { _ = update(topic, &subscription) }
    subscription.subscribers[id] = subscriber
    let start = "retry: 2000\n\n" + Self.events(subscription.parts) + Self.heartbeatEvent
    if !subscriber.send(start) { subscription.behind.insert(id) }
    topics[topic] = subscription
    subscriber.whenClosed { [weak self] in
      guard let self else { return }
      Task { await self.remove(subscriber, from: topic) }
    }
  }

  private func remove(_ subscriber: Subscriber, from topic: Route.Topic) {
    let id = ObjectIdentifier(subscriber)
    topics[topic]?.subscribers[id] = nil
    topics[topic]?.behind.remove(id)
    if topics[topic]?.subscribers.isEmpty ?? false { topics[topic] = nil }
  }

  /// Sends what has changed, until it is cancelled.
  func run() async {
    while !Task.isCancelled {
      let isDue = ContinuousClock.now - lastHeartbeat >= Self.heartbeat
      if isDue { lastHeartbeat = .now }
      for topic in topics.keys { send(topic, withHeartbeat: isDue) }
      try? await Task.sleep(for: Self.interval)
    }
  }

  private func send(_ topic: Route.Topic, withHeartbeat isDue: Bool) {
    guard var subscription = topics[topic] else { return }
    let changed = update(topic, &subscription)
    let news = Self.events(changed) + (isDue ? Self.heartbeatEvent : "")
    for (id, subscriber) in subscription.subscribers {
      // Who has missed something is sent everything.
      let isBehind = subscription.behind.contains(id)
      guard isBehind || !news.isEmpty else { continue }
      if subscriber.send(
        isBehind ? Self.events(subscription.parts) + Self.heartbeatEvent : news)
      {
        subscription.behind.remove(id)
      } else {
        subscription.behind.insert(id)
      }
    }
    topics[topic] = subscription
  }

  /// Brings what is sent up to date; of a page that cannot be read, that.
  /// - Returns: the parts that have changed.
  private func update(_ topic: Route.Topic, _ subscription: inout Subscription) -> [LivePart] {
    let before = Dictionary(subscription.parts.map { ($0.id, $0) }) { $1 }
    let now: [LivePart]
    do {
      now = try page(topic).parts + (archive.failure.map { [.notice("\($0)")] } ?? [])
    } catch {
      now =
        NoticePage("not there").parts.filter { before[$0.id] != nil && $0.id != "heading" }
        + [.notice("\(error)")]
    }
    let parts = before.merging(now.map { ($0.id, $0) }) { $1 }
    subscription.parts = (subscription.parts + now.filter { before[$0.id] == nil })
      .compactMap { parts[$0.id] }
    return subscription.parts.filter { before[$0.id] != $0 }
  }

  /// The page of a topic: the one that was drawn last, where nothing has changed since, or where
  /// drawing another so soon would take a tenth of a core and more.
  private func page(_ topic: Route.Topic) throws -> any LivePage {
    let version = archive.version(of: topic)
    let last = drawn[topic]
    if let last {
      let age = ContinuousClock.now - last.date
      let isCurrent = last.version == version && (!last.page.isOpen || age < Self.heartbeat)
      if isCurrent || (last.version != "" && version != "" && age < last.time * 10) {
        return last.page
      }
    }
    drawn[topic] = nil
    let began = ContinuousClock.now
    let page = try archive.page(topic, after: last?.page)
    if drawn.count >= Self.most { drawn = drawn.filter { topics[$0.key] != nil } }
    if drawn.count < Self.most {
      drawn[topic] = Drawn(
        page: page, version: version, date: began, time: ContinuousClock.now - began)
    }
    return page
  }

  private static let heartbeatEvent = "event: heartbeat\ndata: 1\n\n"

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
