import NIOCore
import NIOHTTP1
import Synchronization

/// A page that is open somewhere, and what it is sent.
///
/// What it has not taken yet is bounded: a page that does not keep up misses what is old, and one
/// that takes nothing for half a minute is let go.
final class Subscriber: Sendable {
  private let channel: any Channel
  private let behind = Mutex<ContinuousClock.Instant?>(nil)

  private static let timeout = Duration.seconds(30)

  init(_ channel: any Channel) { self.channel = channel }

  /// Whether its connection is still there.
  var isOpen: Bool { channel.isActive }

  /// Calls back once its connection has ended, at once where it has.
  func whenClosed(_ call: @escaping @Sendable () -> Void) {
    channel.closeFuture.whenComplete { _ in call() }
  }

  /// Sends events, as text that is ready.
  /// - Returns: false where they found no room.
  func send(_ events: String) -> Bool {
    guard channel.isWritable else {
      let since = behind.withLock { behind in
        let since = behind ?? .now
        behind = since
        return since
      }
      if ContinuousClock.now - since > Self.timeout { channel.close(promise: nil) }
      return false
    }
    behind.withLock { $0 = nil }
    let buffer = channel.allocator.buffer(string: events)
    channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(buffer)), promise: nil)
    return true
  }
}
