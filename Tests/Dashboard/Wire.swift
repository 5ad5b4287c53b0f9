import Foundation
import KeelTestSupport
import Testing

/// A server of an archive of its own, on a port of its own, for as long as a test takes.
///
/// It is a process: in this one it would wait for the tests beside it.
final class Served: Sendable {
  let folder: String
  let port: UInt16
  private let process: Process

  var archive: String { "\(folder)/keel.sqlite" }

  init() throws {
    folder = "\(NSTemporaryDirectory())keel-serve-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    process = Process()
    process.executableURL = try #require(Checkout.executable, "build the product keel first")
    process.arguments = [
      "serve", "--port", "0", "--quiet", "--archive", "\(folder)/keel.sqlite",
    ]
    let output = Pipe()
    process.standardOutput = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let link = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    let port = URL(string: link.trimmingCharacters(in: .whitespacesAndNewlines))?.port
    self.port = try #require(port.flatMap(UInt16.init(exactly:)), "\(link)")
  }

  deinit {
    process.terminate()
    process.waitUntilExit()
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// What the server says to bytes.
  /// - Parameters:
  ///   - patience: seconds after which nothing more is waited for.
  ///   - isHalfClosed: whether it is told that no more will come.
  ///   - isEnough: whether what has come so far will do; otherwise it is read until the connection
  ///     ends, or nothing comes for so long.
  func says(
    to bytes: [UInt8], patience: Double = 20, isHalfClosed: Bool = false,
    until isEnough: (String) -> Bool = { _ in false }
  ) throws -> String {
    let wire = try Wire(port)
    wire.send(bytes, isHalfClosed)
    return wire.read(patience, until: isEnough)
  }

  func says(
    to text: String, patience: Double = 20, isHalfClosed: Bool = false,
    until isEnough: (String) -> Bool = { _ in false }
  ) throws -> String {
    try says(
      to: Array(text.utf8), patience: patience, isHalfClosed: isHalfClosed, until: isEnough)
  }

  /// The answer to a plain question.
  func get(_ uri: String) throws -> String {
    try says(to: "GET \(uri) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
  }

  /// A page that is open.
  func follow(_ uri: String) throws -> Wire {
    let wire = try Wire(port)
    wire.send(Array("GET \(uri) HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8), false)
    return wire
  }
}

/// A connection as bytes.
final class Wire {
  private let socket: Int32
  private var heard: [UInt8] = []

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

  func send(_ bytes: [UInt8], _ isHalfClosed: Bool) {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Foundation.send(socket, $0.baseAddress, $0.count, noSignal)
      }
      // The server may have heard enough.
      guard count > 0 else { break }
      sent += count
    }
    if isHalfClosed { shutdown(socket, Int32(SHUT_WR)) }
  }

  /// All that was heard so far.
  func read(_ patience: Double, until isEnough: (String) -> Bool) -> String {
    var time = timeval()
    time.tv_sec = Int(patience)
    time.tv_usec = .init((patience - patience.rounded(.down)) * 1e6)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    // A page that is open is never done.
    let deadline = ContinuousClock.now + .seconds(patience)
    var part = [UInt8](repeating: 0, count: 1 << 16)
    while !isEnough(String(decoding: heard, as: UTF8.self)), ContinuousClock.now < deadline,
      case let count = recv(socket, &part, part.count, 0), count > 0
    {
      heard += part[..<count]
    }
    return String(decoding: heard, as: UTF8.self)
  }
}

#if os(Linux)
  private let noSignal = Int32(MSG_NOSIGNAL)
#else
  private let noSignal: Int32 = 0
#endif
