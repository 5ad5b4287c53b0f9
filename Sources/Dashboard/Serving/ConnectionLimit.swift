import NIOCore
import Synchronization

/// How many connections there are, and the most there may be: what comes beyond is told so.
final class ConnectionLimit: Sendable {
  private let open = Atomic(0)
  static let most = 256

  /// Counts a connection for as long as it lasts, where there is room for it.
  /// - Returns: whether there is.
  func admits(_ channel: any Channel) -> Bool {
    guard open.add(1, ordering: .relaxed).newValue <= Self.most else {
      open.subtract(1, ordering: .relaxed)
      return false
    }
    channel.closeFuture.whenComplete { [self] _ in open.subtract(1, ordering: .relaxed) }
    return true
  }

  /// Tells a connection for which there is no room so, and ends it at once: those who wait for
  /// nothing must not be many.
  final class Refusal: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelActive(context: ChannelHandlerContext) {
      RawResponse.write("503 Service Unavailable\r\nretry-after: 5", on: context)
        .assumeIsolated().whenComplete { _ in context.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}
  }
}
