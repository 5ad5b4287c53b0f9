import NIOCore

/// A response where no request was understood, and the end of its connection.
enum RawResponse {
  static func write(_ status: String, on context: ChannelHandlerContext) -> EventLoopFuture<Void> {
    let text = "HTTP/1.1 \(status)\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    return context.writeAndFlush(NIOAny(context.channel.allocator.buffer(string: text)))
  }
}

extension ChannelHandlerContext {
  /// Closes the connection in half a second: closed at once, what is still on its way here would
  /// take the response with it.
  func closeLater() {
    eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(500)) { self.close(promise: nil) }
  }
}
