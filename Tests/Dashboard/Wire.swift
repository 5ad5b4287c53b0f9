import Foundation
import KeelDashboard
import Synchronization
import Testing

/// A server of an archive of its own, on a port of its own, for as long as a test takes.
final class Served: Sendable {
  let folder: String
  let port: UInt16
  private let task: Task<Void, any Error>

  var archive: String { "\(folder)/keel.sqlite" }

  init() async throws {
    let folder = "\(NSTemporaryDirectory())keel-serve-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let links = AsyncStream.makeStream(of: String.self)
    task = Task {
      defer { links.continuation.finish() }
      try await Dashboard(archive: "\(folder)/keel.sqlite", host: nil, port: 0) {
        links.continuation.yield($0)
      }.run()
    }
    self.folder = folder
    let link = await links.stream.first { _ in true }
    port = try #require(link.flatMap { URL(string: $0)?.port }.flatMap(UInt16.init(exactly:)))
  }

  deinit {
    task.cancel()
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// What the server says to bytes, until it ends the connection or nothing comes for a while.
  /// - Parameters:
  ///   - patience: seconds.
  ///   - isHalfClosed: whether it is told that no more will come.
  func says(
    to bytes: [UInt8], patience: Double = 3, isHalfClosed: Bool = false
  ) async throws -> String {
    let port = port
    // Blocking reads are none for the pool of Swift's tasks.
    return try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread {
        continuation.resume(with: Result { try Wire(port).says(to: bytes, patience, isHalfClosed) })
      }
    }
  }

  func says(
    to text: String, patience: Double = 3, isHalfClosed: Bool = false
  ) async throws -> String {
    try await says(to: Array(text.utf8), patience: patience, isHalfClosed: isHalfClosed)
  }

  /// The answer to a plain question.
  func get(_ uri: String) async throws -> String {
    try await says(to: "GET \(uri) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
  }
}

/// A connection as bytes.
private final class Wire {
  private let socket: Int32

  init(_ port: UInt16) throws {
    #if os(Linux)
      socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      socket = Foundation.socket(AF_INET, SOCK_STREAM, 0)
    #endif
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let socket = socket
    let isConnected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    try #require(isConnected)
  }

  deinit { close(socket) }

  func says(to bytes: [UInt8], _ patience: Double, _ isHalfClosed: Bool) throws -> String {
    var time = timeval()
    time.tv_sec = Int(patience)
    time.tv_usec = .init((patience - patience.rounded(.down)) * 1e6)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        send(socket, $0.baseAddress, $0.count, noSignal)
      }
      // The server may have heard enough.
      guard count > 0 else { break }
      sent += count
    }
    if isHalfClosed { shutdown(socket, Int32(SHUT_WR)) }
    var (answer, part) = ([UInt8](), [UInt8](repeating: 0, count: 1 << 16))
    // A page that is open is never done.
    let deadline = ContinuousClock.now + .seconds(2 * patience)
    while ContinuousClock.now < deadline, case let count = recv(socket, &part, part.count, 0),
      count > 0
    {
      answer += part[..<count]
    }
    return String(decoding: answer, as: UTF8.self)
  }
}

#if os(Linux)
  private let noSignal = Int32(MSG_NOSIGNAL)
#else
  private let noSignal: Int32 = 0
#endif
