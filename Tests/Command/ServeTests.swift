import Foundation
import Testing

/// The live page, as a command: where it listens, what it refuses, and how it ends.
struct ServeTests {
  @Test(arguments: [SIGINT, SIGTERM]) func itEndsWhenAsked(_ number: Int32) throws {
    let tool = try Tool()
    let result = try tool.signal(number, ["serve", "--port", "0"])
    #expect(result.code == 130)
    #expect(result.out.contains(/^http:\/\/127\.0\.0\.1:\d+\/\n$/))
    #expect(result.err.contains("keel.sqlite; Ctrl-C ends it"))
    // Nothing is made by looking.
    #expect(try tool.contents.isEmpty)
  }

  @Test func aMachineReadsTheLink() throws {
    let result = try Tool().signal(SIGINT, ["serve", "--port", "0", "--json"])
    #expect(try (result.json["link"] as? String)?.hasPrefix("http://127.0.0.1:") == true)
    #expect(result.code == 130 && result.err.isEmpty)
  }

  /// Elsewhere only by a link with a token.
  @Test func elsewhereTheLinkHasAToken() throws {
    let result = try Tool().signal(SIGINT, ["serve", "--port", "0", "--host", "127.0.0.1"])
    #expect(result.out.contains(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[0-9a-f]{32}\n$/))
  }

  @Test(arguments: [
    (["--port", "70000"], "--port takes a number from 0 to 65535"),
    (["--host", "nonsense.invalid", "--port", "0"], "--host: nonsense.invalid is no address"),
    (["--host", "192.0.2.1", "--port", "0"], "--host: 192.0.2.1 is no address of this machine"),
    (["--host", ""], "--host takes an address"), (["--archive", "none"], "--archive takes a file"),
  ]) func whatItCannotDoIsSaid(_ words: [String], _ error: String) throws {
    let result = try Tool().run(["serve"] + words)
    #expect(result.code == 64 && result.out.isEmpty)
    #expect(result.err.contains(error), "\(result.err)")
  }

  @Test func aPortInUseIsSaid() throws {
    let first = try Tool()
    let socket = try Listening()
    let result = try first.run(["serve", "--port", "\(socket.port)"])
    #expect(result.code == 64)
    #expect(result.err.contains("--port: \(socket.port) is taken by another program"))
  }

  @Test func whatIsNoArchiveIsSaid() throws {
    let tool = try Tool()
    try tool.write("notes.txt", "no archive")
    let result = try tool.run(["serve", "--archive", "notes.txt", "--port", "0"])
    #expect(result.code == 65 && result.err.contains("notes.txt"))
    #expect(try tool.read("notes.txt") == "no archive")
  }
}

/// A port of this machine that is taken.
private final class Listening {
  private let socket: Int32
  let port: UInt16

  init() throws {
    #if os(Linux)
      socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      socket = Foundation.socket(AF_INET, SOCK_STREAM, 0)
    #endif
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let socket = socket
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, size) == 0 && listen(socket, 1) == 0 && getsockname(socket, $0, &size) == 0
      }
    }
    try #require(isBound)
    port = UInt16(bigEndian: address.sin_port)
  }

  deinit { close(socket) }
}
