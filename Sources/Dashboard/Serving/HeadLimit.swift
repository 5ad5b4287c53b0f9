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
  /// How much of the empty line that ends a head has come.
  private var matched = 0
  private var isOver = false
  /// Whether a response is under way, in which no other can begin.
  var isResponding = false

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isOver else { return }
    for byte in unwrapInboundIn(data).readableBytesView where bytes <= Self.most {
      bytes += 1
      let isNext = byte == (matched.isMultiple(of: 2) ? 13 : 10)
      matched = isNext ? matched + 1 : byte == 13 ? 1 : 0
      if matched == 4 { (bytes, matched) = (0, 0) }
    }
    guard bytes > Self.most else { return context.fireChannelRead(data) }
    isOver = true
    if isResponding { return context.close(promise: nil) }
    _ = RawResponse.write("431 Request Header Fields Too Large", on: context)
    context.closeLater()
  }
}
