import Foundation
import KeelAuthoring
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A server of live pages: the runs of an archive, in a browser, while they train.
///
/// It reads; nothing that is asked of it changes anything. On this machine whoever is on it may
/// ask, elsewhere who has the link with the token.
package final class Dashboard: Sendable {
  private let archive: String
  private let host: String?
  private let port: Int
  private let tell: @Sendable (_ link: String) -> Void
  private let open = Atomic(0)

  /// Connections at the most.
  static let most = 256

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
    let feed = Feed(ServedArchive(archive))
    let doors = Doors()
    let bootstrap = bootstrap(group, feed, doors)
    let listening = try await listen(bootstrap)
    let port = listening.first?.localAddress?.port ?? port
    doors.open(access(at: port))
    if host == nil { tell("http://127.0.0.1:\(port)/") }
    await feed.run()
    for channel in listening { try? await channel.close() }
  }

  private func access(at port: Int) -> Access {
    guard let host else { return Access() }
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    let machine = String(
      decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    let shown = host == "0.0.0.0" || host == "::" ? machine : Access.host(host)
    let tell = tell
    return Access(
      names: [Access.host(host), machine, "\(machine).local"],
      key: AccessKey(port: port) { tell("http://\(shown):\(port)/?token=\($0)") })
  }

  /// What a connection needs that is known only once the port is.
  private final class Doors: Sendable {
    private let access = Mutex<Access?>(nil)

    func open(_ access: Access) { self.access.withLock { $0 = access } }

    /// Nil before it is known.
    var now: Access? { access.withLock { $0 } }
  }

  // MARK: sockets

  private func bootstrap(
    _ group: MultiThreadedEventLoopGroup, _ feed: Feed, _ doors: Doors
  ) -> ServerBootstrap {
    ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 128)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(
        .writeBufferWaterMark, value: .init(low: 64 << 10, high: 1 << 20)
      )
      .childChannelInitializer { [self] channel in
        channel.eventLoop.makeCompletedFuture { try admit(channel, feed, doors.now) }
      }
  }

  private func admit(_ channel: any Channel, _ feed: Feed, _ access: Access?) throws {
    open.add(1, ordering: .relaxed)
    channel.closeFuture.whenComplete { [self] _ in open.subtract(1, ordering: .relaxed) }
    let pipeline = channel.pipeline.syncOperations
    guard let access, open.load(ordering: .relaxed) <= Self.most else {
      return try pipeline.addHandler(TooMany())
    }
    let limit = HeadLimit()
    try pipeline.addHandler(limit)
    try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: true)
    try pipeline.addHandler(
      Connection(access, feed, limit, at: channel.localAddress?.ipAddress))
  }

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
    } catch let error as SocketAddressError {
      throw KeelError(
        .usage, at: "--host", "\(host ?? "") is no address (\(error))",
        fix: "name one of this machine, or leave it out")
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

/// Tells a connection beyond those there is room for so, and ends it.
private final class TooMany: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  func channelActive(context: ChannelHandlerContext) {
    let answer = context.channel.allocator.buffer(
      string: Raw.answer("503 Service Unavailable\r\nretry-after: 5"))
    context.writeAndFlush(wrapOutboundOut(answer)).assumeIsolated().whenComplete { _ in
      context.close(promise: nil)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {}
}
