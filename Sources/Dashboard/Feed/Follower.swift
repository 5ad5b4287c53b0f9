import NIOCore
import NIOHTTP1
import Synchronization

/// A page that is open somewhere, and what it is told.
///
/// What it has not taken yet is bounded: a page that does not keep up misses what is old, and one
/// that takes nothing for half a minute is let go.
final class Follower: Sendable {
  private let channel: any Channel
  private let behind = Mutex<ContinuousClock.Instant?>(nil)

  private static let patience = Duration.seconds(30)

  init(_ channel: any Channel) { self.channel = channel }

  /// Sends events, as text that is ready.
  /// - Returns: false where they found no room.
  func send(_ events: String) -> Bool {
    guard channel.isWritable else {
      let since = behind.withLock { behind in
        behind = behind ?? .now
        return behind ?? .now
      }
      if ContinuousClock.now - since > Self.patience { channel.close(promise: nil) }
      return false
    }
    behind.withLock { $0 = nil }
    let buffer = channel.allocator.buffer(string: events)
    channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(buffer)), promise: nil)
    return true
  }
}
