import NIOCore

/// Ends a connection whose client sends no more: at once, or when what it has asked for is there.
///
/// It stands before all that keeps what comes back until a response has gone.
final class HalfClosure: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  /// What becomes of the client's last request.
  enum Response { case none, underWay, endless }

  var response = Response.none
  /// Whether the client sends no more.
  private(set) var isClosed = false

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard case ChannelEvent.inputClosed = event else {
      return context.fireUserInboundEventTriggered(event)
    }
    isClosed = true
    // A page that is open does not end half.
    if response != .underWay { context.close(promise: nil) }
  }
}
