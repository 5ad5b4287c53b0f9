import Foundation
import KeelArchive
import KeelAuthoring
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A server of live pages: the runs of an archive, in a browser, while they train.
///
/// Nothing that is asked of it changes anything; by itself it takes what `keel.watch` has written
/// beside the archive into it. On this machine whoever is on it may ask, elsewhere who has the link
/// with the token.
package final class Dashboard: Sendable {
  private let archive: String
  private let host: String?
  private let port: Int
  private let tell: @Sendable (_ link: String) -> Void

  /// - Parameters:
  ///   - archive: the archive's file; it need not be there yet.
  ///   - host: the address to be heard on; nil for this machine alone.
  ///   - port: 0 for any that is free.
  ///   - tell: called with every link that opens the page: the first, and the next where a token
  ///     was used.
  package init(
    archive: String, host: String?, port: Int, tell: @escaping @Sendable (String) -> Void
  ) {
    (self.archive, self.host, self.port, self.tell) = (archive, host, port, tell)
  }

  /// Serves until it is cancelled.
  /// - Throws: `KeelError` where the port is taken, or the address is none of this machine.
  package func run() async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    do {
      try await serve(on: group)
      try? await group.shutdownGracefully()
    } catch {
      try? await group.shutdownGracefully()
      throw error
    }
  }

  private func serve(on group: MultiThreadedEventLoopGroup) async throws {
    let archive = ServedArchive(archive)
    let feed = Feed(archive)
    let access = Mutex<Access?>(nil)
    let limit = ConnectionLimit()
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 128)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelOption(.writeBufferWaterMark, value: .init(low: 64 << 10, high: 1 << 20))
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try Self.configure(channel, access.withLock { $0 }, feed, limit)
        }
      }
    let listening = try await listen(bootstrap)
    let port = listening.first?.localAddress?.port ?? port
    // Who comes before the port is known is told to come again.
    access.withLock { $0 = self.access(at: port) }
    if host == nil { tell("http://127.0.0.1:\(port)/") }
    async let imports: Void = archive.importLive()
    await feed.run()
    await imports
    for channel in listening { try? await channel.close() }
  }

  private static func configure(
    _ channel: any Channel, _ access: Access?, _ feed: Feed, _ limit: ConnectionLimit
  ) throws {
    let pipeline = channel.pipeline.syncOperations
    guard limit.admits(channel), let access else {
      return try pipeline.addHandler(ConnectionLimit.Refusal())
    }
    let (half, head) = (HalfClosure(), HeadLimit())
    try pipeline.addHandlers(half, head)
    try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: true)
    try pipeline.addHandler(
      Connection(access, feed, head, half, at: channel.localAddress?.ipAddress))
  }

  private func access(at port: Int) -> Access {
    guard let host else { return Access() }
    let machine = ArchivedRun.machineName
    let shown = host == "0.0.0.0" || host == "::" ? machine : Access.host(host)
    let tell = tell
    return Access(
      names: [Access.host(host), machine, "\(machine).local"],
      key: AccessKey(port: port) { tell("http://\(shown):\(port)/?token=\($0)") })
  }

  // MARK: sockets

  /// On both loopback addresses, where this machine has both.
  private func listen(_ bootstrap: ServerBootstrap) async throws -> [any Channel] {
    do {
      guard let host else {
        let first = try await bootstrap.bind(host: "127.0.0.1", port: port).get()
        let same = first.localAddress?.port ?? port
        do {
          return [first, try await bootstrap.bind(host: "::1", port: same).get()]
        } catch let error as IOError where error.errnoCode == EADDRINUSE && port != 0 {
          try await first.close()
          throw error
        } catch is IOError {
          return [first]
        }
      }
      return [try await bootstrap.bind(host: host, port: port).get()]
    } catch let error as IOError {
      throw explained(error)
    } catch {
      throw KeelError(
        .usage, at: "--host", "\(host ?? "127.0.0.1") is no address of this machine",
        fix: "name one that it has, or leave it out")
    }
  }

  private func explained(_ error: IOError) -> KeelError {
    switch error.errnoCode {
    case EADDRINUSE:
      KeelError(
        .usage, at: "--port", "\(port) is taken by another program",
        fix: "name another, or 0 for any that is free")
    case EACCES:
      KeelError(.usage, at: "--port", "\(port) is the system's", fix: "name one from 1024 on")
    case EADDRNOTAVAIL:
      KeelError(
        .usage, at: "--host", "\(host ?? "127.0.0.1") is no address of this machine",
        fix: "name one that it has, or leave it out")
    default:
      KeelError(
        .exhausted, at: "--port", "\(port) cannot be listened on (\(error.localizedDescription))",
        fix: "name another")
    }
  }
}
