import NIOCore

/// A response where no request was understood, and the end of its connection.
enum RawResponse {
  /// Writes one, and closes the connection a little later.
  static func send(_ status: String, on context: ChannelHandlerContext) {
    let text = "HTTP/1.1 \(status)\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    context.writeAndFlush(NIOAny(context.channel.allocator.buffer(string: text)), promise: nil)
    context.closeLater()
  }
}

extension ChannelHandlerContext {
  /// Closes the connection in half a second: closed at once, what is still on its way here would
  /// take the response with it.
  func closeLater() {
    eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(500)) { self.close(promise: nil) }
  }
}
