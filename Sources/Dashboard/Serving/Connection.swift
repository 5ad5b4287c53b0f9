import NIOCore
import NIOHTTP1

/// One connection: checks each request, and answers it.
final class Connection: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  /// For a head to come, and for an answer to be taken.
  static let patience = (head: TimeAmount.seconds(15), answer: TimeAmount.seconds(30))

  private let access: Access
  private let feed: Feed
  private let limit: HeadLimit
  private let address: String?
  private var head: HTTPRequestHead?
  private var alarm: Scheduled<Void>?

  init(_ access: Access, _ feed: Feed, _ limit: HeadLimit, at address: String?) {
    (self.access, self.feed, self.limit, self.address) = (access, feed, limit, address)
  }

  // MARK: what comes

  func channelActive(context: ChannelHandlerContext) {
    wait(Self.patience.head, context)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    alarm?.cancel()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      self.head = head
      // Nothing that is answered has a body: what claims one is not waited for.
      if refusal(head) != nil { answer(context) }
    case .body: break
    case .end:
      limit.reset()
      answer(context)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  /// Ends the connection where nothing comes for so long.
  private func wait(_ time: TimeAmount, _ context: ChannelHandlerContext) {
    alarm?.cancel()
    alarm = context.eventLoop.assumeIsolated().scheduleTask(in: time) {
      context.close(promise: nil)
    }
  }

  // MARK: what is answered

  private func refusal(_ head: HTTPRequestHead) -> Access.Refusal? {
    do throws(Access.Refusal) {
      try access.check(head, at: address)
      return nil
    } catch {
      return error
    }
  }

  private func answer(_ context: ChannelHandlerContext) {
    guard let head else { return }
    self.head = nil
    alarm?.cancel()
    if let refusal = refusal(head) {
      return send(
        .notice(refusal.status, refusal.why, headers: refusal.headers), to: head, closes: true,
        context)
    }
    guard let route = Route(head.uri) else {
      return send(.notice(.notFound, "there is no such page"), to: head, context)
    }
    if case .entry(let token) = route { return send(entry(token), to: head, context) }
    guard access.isKnown(head) else {
      return send(
        .notice(.unauthorized, "open the link with a token that 'keel serve' has printed"),
        to: head, context)
    }
    switch route {
    case .entry: break
    case .style:
      send(Answer(type: "text/css; charset=utf-8", text: Assets.style), to: head, context)
    case .script:
      send(Answer(type: "text/javascript; charset=utf-8", text: Assets.script), to: head, context)
    case .icon: send(Answer(type: "image/svg+xml", text: Assets.icon), to: head, context)
    case .page(let topic):
      let feed = feed
      context.eventLoop.makeFutureWithTask { await feed.page(topic) }
        .assumeIsolated().whenSuccess { self.send($0, to: head, context) }
    case .events(let topic): follow(topic, head, context)
    }
  }

  private func entry(_ token: String) -> Answer {
    guard let key = access.key else {
      return .notice(.seeOther, "here", headers: ["location": "/"])
    }
    guard let cookie = key.cookie(for: token) else {
      return .notice(.unauthorized, "this link was used before: take the newest that was printed")
    }
    return .notice(.seeOther, "here", headers: ["location": "/", "set-cookie": cookie])
  }

  private func send(
    _ answer: Answer, to head: HTTPRequestHead, closes: Bool = false,
    _ context: ChannelHandlerContext
  ) {
    guard context.channel.isActive else { return }
    let closes = closes || !head.isKeepAlive
    let body = context.channel.allocator.buffer(string: answer.text)
    context.write(
      wrapOutboundOut(.head(answer.head(bytes: body.readableBytes, closes: closes))), promise: nil)
    if head.method != .HEAD {
      context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
    }
    // Who takes no answer is not waited for.
    wait(Self.patience.answer, context)
    context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { _ in
      if closes { context.close(promise: nil) } else { self.wait(Self.patience.head, context) }
    }
  }

  private func follow(
    _ topic: Route.Topic, _ head: HTTPRequestHead, _ context: ChannelHandlerContext
  ) {
    guard context.channel.isActive else { return }
    let answer = Answer(type: "text/event-stream", text: "")
    guard head.method == .GET else { return send(answer, to: head, context) }
    context.writeAndFlush(
      wrapOutboundOut(.head(answer.head(bytes: nil, closes: false))), promise: nil)
    let follower = Follower(context.channel)
    let feed = feed
    Task { await feed.add(follower, to: topic) }
    context.channel.closeFuture.whenComplete { _ in Task { await feed.remove(follower) } }
  }
}
