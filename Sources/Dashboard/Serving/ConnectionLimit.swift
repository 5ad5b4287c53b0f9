import NIOCore
import Synchronization

/// How many connections there are, and the most there may be: what comes beyond is told so.
final class ConnectionLimit: Sendable {
  private let open = Atomic(0)
  static let most = 256

  /// Counts a connection for as long as it lasts.
  /// - Returns: whether there is room for it.
  func admits(_ channel: any Channel) -> Bool {
    let count = open.add(1, ordering: .relaxed).newValue
    channel.closeFuture.whenComplete { [self] _ in open.subtract(1, ordering: .relaxed) }
    return count <= Self.most
  }

  /// Tells a connection for which there is no room so, and ends it.
  final class Refusal: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelActive(context: ChannelHandlerContext) {
      RawResponse.send("503 Service Unavailable\r\nretry-after: 5", on: context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}
  }
}
