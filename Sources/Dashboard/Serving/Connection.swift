import NIOCore
import NIOHTTP1

/// One connection: checks each request, and answers it.
final class Connection: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  /// For a head to come, and for a response to be taken.
  static let timeout = (head: TimeAmount.seconds(15), response: TimeAmount.seconds(30))

  private let access: Access
  private let feed: Feed
  private let limit: HeadLimit
  private let half: HalfClosure
  /// Of this machine, as the connection came to it.
  private let address: String?
  private var head: HTTPRequestHead?
  /// Requests so far: what is left to do for an earlier one is no longer done.
  private var count = 0
  private var isRefused = false
  private var timer: Scheduled<Void>?

  init(
    _ access: Access, _ feed: Feed, _ limit: HeadLimit, _ half: HalfClosure, at address: String?
  ) {
    (self.access, self.feed, self.address) = (access, feed, address)
    (self.limit, self.half) = (limit, half)
  }

  // MARK: requests

  func channelActive(context: ChannelHandlerContext) {
    close(in: Self.timeout.head, context)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isRefused else { return }
    switch unwrapInboundIn(data) {
    case .head(let head):
      timer?.cancel()
      half.response = .underWay
      do throws(Access.Refusal) {
        try access.check(head, at: address)
        self.head = head
      } catch {
        // Nothing that is answered has a body: what claims one is not waited for.
        isRefused = true
        send(.notice(error.status, error.why, headers: error.headers), to: head, context)
      }
    case .body: break
    case .end:
      // What is there at once is sent before this returns.
      let request = head
      head = nil
      if let request { respond(to: request, context) }
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.closeLater() }

  /// Ends the connection where nothing comes for so long.
  private func close(in time: TimeAmount, _ context: ChannelHandlerContext) {
    timer?.cancel()
    timer = context.eventLoop.assumeIsolated().scheduleTask(in: time) {
      context.close(promise: nil)
    }
  }

  // MARK: responses

  private func respond(to head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    guard let route = Route(head.uri) else {
      return send(.notice(.notFound, "there is no such page"), to: head, context)
    }
    switch route {
    case .style:
      return send(Response(type: "text/css; charset=utf-8", text: Assets.style), to: head, context)
    case .icon:
      return send(Response(type: "image/svg+xml", text: Assets.icon), to: head, context)
    case .entry(let token): return send(entry(token, head.method), to: head, context)
    case .script, .page, .events: break
    }
    guard access.isKnown(head) else {
      let why = "open the newest link that 'keel serve' has printed: it is good for one browser"
      return send(.notice(.forbidden, why), to: head, context)
    }
    switch route {
    case .style, .icon, .entry: break
    case .script:
      send(
        Response(type: "text/javascript; charset=utf-8", text: Assets.script), to: head, context)
    case .page(let topic):
      let (feed, channel) = (feed, context.channel)
      context.eventLoop.makeFutureWithTask { await feed.page(topic) { channel.isActive } }
        .assumeIsolated().whenSuccess { response in
          if let response { self.send(response, to: head, context) }
        }
    case .events(let topic): subscribe(to: topic, head, context)
    }
  }

  private func entry(_ token: String, _ method: HTTPMethod) -> Response {
    // Who looks whether the link is there has not come in.
    guard let key = access.key, method == .GET else {
      return .notice(.seeOther, "here", headers: ["location": "/"])
    }
    guard let cookie = key.cookie(for: token) else {
      return .notice(.forbidden, "this link was used before: take the newest that was printed")
    }
    return .notice(.seeOther, "here", headers: ["location": "/", "set-cookie": cookie])
  }

  private func send(
    _ response: Response, to head: HTTPRequestHead, _ context: ChannelHandlerContext
  ) {
    guard context.channel.isActive else { return }
    count += 1
    let (number, closes) = (count, isRefused || !head.isKeepAlive)
    let body = context.channel.allocator.buffer(string: response.text)
    context.write(
      wrapOutboundOut(.head(response.head(bytes: body.readableBytes, closes: closes))),
      promise: nil)
    if head.method != .HEAD {
      context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
    }
    // Who takes no response is not waited for.
    close(in: Self.timeout.response, context)
    context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { _ in
      guard number == self.count, self.head == nil else { return }
      self.half.response = .none
      if closes || self.half.isClosed {
        context.closeLater()
      } else {
        self.close(in: Self.timeout.head, context)
      }
    }
  }

  private func subscribe(
    to topic: Route.Topic, _ head: HTTPRequestHead, _ context: ChannelHandlerContext
  ) {
    guard context.channel.isActive else { return }
    guard head.version == .http1_1 else {
      return send(
        .notice(.httpVersionNotSupported, "events need HTTP/1.1"), to: head, context)
    }
    let response = Response(type: "text/event-stream", text: "")
    guard head.method == .GET else { return send(response, to: head, context) }
    count += 1
    timer?.cancel()
    (limit.isResponding, half.response) = (true, .endless)
    guard !half.isClosed else { return context.close(promise: nil) }
    context.writeAndFlush(
      wrapOutboundOut(.head(response.head(bytes: nil, closes: false))), promise: nil)
    let (subscriber, feed) = (Subscriber(context.channel), feed)
    Task { await feed.add(subscriber, to: topic) }
  }
}
