import NIOCore

/// Lets no more bytes through than a request's head may have: what comes after them is dropped, and
/// the connection ends.
final class HeadLimit: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// Bytes of a head at the most.
  static let most = 16 << 10
  private var bytes = 0
  private var isOver = false

  /// A request has been read.
  func reset() { bytes = 0 }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isOver else { return }
    bytes += unwrapInboundIn(data).readableBytes
    guard bytes > Self.most else { return context.fireChannelRead(data) }
    isOver = true
    let answer = Raw.answer("431 Request Header Fields Too Large")
    context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(string: answer)))
      .assumeIsolated().whenComplete { _ in
        // Closed at once, what is still on its way would take the answer with it.
        context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(500)) {
          context.close(promise: nil)
        }
      }
  }
}

/// Answers where no request was understood.
enum Raw {
  static func answer(_ status: String) -> String {
    "HTTP/1.1 \(status)\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
  }
}
