import Foundation
import Testing

/// What no browser sends: each is answered or ended, and the server goes on.
struct HostileTests {
  private static let good = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

  /// What is sent, and the status; empty where it may be waited for the rest.
  private static let requests: [(name: String, text: String, status: String)] = [
    ("no host", "GET / HTTP/1.1\r\n\r\n", "400"),
    ("two hosts", "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", "400"),
    ("a foreign host", "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", "421"),
    ("a whole address", "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"),
    ("HTTP/0.9", "GET /\r\n\r\n", "400"),
    ("HTTP/0.9, short", "GET /\n", ""),
    ("HTTP/1.0", "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n", "200"),
    ("HTTP/1.0, no host", "GET / HTTP/1.0\r\n\r\n", "400"),
    ("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"),
    ("HTTP/3", "GET / HTTP/3.0\r\nHost: localhost\r\n\r\n", "400"),
    ("HTTP/9", "GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", "400"),
    ("POST", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc", "405"),
    ("an unknown method", "BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
    ("OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", "405"),
    ("CONNECT", "CONNECT evil.example:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", "405"),
    ("TRACE", "TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n", "405"),
    ("a body", "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello", "400"),
    (
      "chunks", "GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "400"
    ),
    (
      "two lengths",
      "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n", "400"
    ),
    (
      "length and chunks",
      "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
      "400"
    ),
    (
      "a length of letters", "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n", "400"
    ),
    (
      "a length below zero", "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
      "400"
    ),
    ("a path upwards", "GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"),
    ("the same, encoded", "GET /%2e%2e/%2e%2e/etc HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"),
    ("a zero byte", "GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"),
    ("a real zero byte", "GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
    ("two slashes", "GET //evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"),
    ("backslashes", "GET \\..\\ HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
    ("the archive's name", "GET /keel.sqlite HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"),
    ("a script in an id", "GET /run?id=<script> HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"),
    ("SQL in an id", "GET /run?id=abcd'-- HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"),
    ("no such run", "GET /run?id=abcdef HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"),
    ("letters beyond ASCII", "GET /é HTTP/1.1\r\nHost: localhost\r\n\r\n", "4"),
    ("a folded header", "GET / HTTP/1.1\r\nHost: localhost\r\nA: b\r\n c\r\n\r\n", ""),
    ("a header without a name", "GET / HTTP/1.1\r\nHost: localhost\r\n: b\r\n\r\n", "400"),
    ("a space in a name", "GET / HTTP/1.1\r\nHost: localhost\r\nA b: c\r\n\r\n", "400"),
    ("a space before the colon", "GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", "400"),
    ("a zero byte in a header", "GET / HTTP/1.1\r\nHost: localhost\r\nA: \0\r\n\r\n", "400"),
    ("a lone carriage return", "GET / HTTP/1.1\rHost: localhost\r\n\r\n", "400"),
    (
      "a foreign origin",
      "GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n\r\n",
      "403"
    ),
    (
      "another site", "GET / HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\n\r\n",
      "403"
    ),
    (
      "another site's events",
      "GET /events HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\n\r\n", "403"
    ),
    (
      "an upgrade",
      "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
      "200"
    ),
    ("a handshake of TLS", "\u{16}\u{3}\u{1}\u{0}\u{5}hello\r\n\r\n", "400"),
    ("SSH", "SSH-2.0-OpenSSH_9.2\r\n", "400"),
    ("empty lines first", "\r\n\r\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "200"),
    (
      "a long address",
      "GET /\(String(repeating: "a", count: 10_000)) HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"
    ),
    (
      "a long head",
      "GET / HTTP/1.1\r\nHost: localhost\r\nA: \(String(repeating: "a", count: 20_000))\r\n\r\n",
      "431"
    ),
    (
      "many headers",
      "GET / HTTP/1.1\r\nHost: localhost\r\n"
        + String(repeating: "A: b\r\n", count: 4_000) + "\r\n", "4"
    ),
    (
      "a head of 1 MB",
      "GET / HTTP/1.1\r\nHost: localhost\r\nA: \(String(repeating: "a", count: 1 << 20))\r\n\r\n",
      "431"
    ),
  ]

  @Test func everyOneIsAnswered() throws {
    let served = try Served()
    for (name, text, status) in Self.requests {
      let answer = try served.says(to: text, patience: status.isEmpty ? 1 : 20) {
        $0.contains("\r\n\r\n")
      }
      let isAsExpected =
        answer.hasPrefix("HTTP/1.1 \(status)") || (status.isEmpty && answer.isEmpty)
      #expect(isAsExpected, "\(name): \(answer.prefix(80))")
      #expect(!answer.contains("passwd") && !answer.contains("<script>"), "\(name)")
    }
    #expect(try served.says(to: Self.good).hasPrefix("HTTP/1.1 200"))
  }

  /// Bytes of every kind, and heads that are cut anywhere.
  @Test func noiseEndsNothing() throws {
    let served = try Served()
    var random = SystemRandomNumberGenerator()
    for count in stride(from: 1, to: 400, by: 9) {
      let noise = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      _ = try served.says(to: noise + [13, 10, 13, 10], patience: 0.05)
      _ = try served.says(to: Array(Self.good.utf8.prefix(count % 50)), patience: 0.02)
    }
    #expect(try served.says(to: Self.good).hasPrefix("HTTP/1.1 200"))
  }

  /// Ends after fifteen seconds, however many bytes have come.
  @Test func aHeadThatNeverEndsIsNotWaitedFor() throws {
    let served = try Served()
    let began = ContinuousClock.now
    let answer = try served.says(to: "GET / HTTP/1.1\r\nHost: local", patience: 60)
    #expect(answer.isEmpty && ContinuousClock.now - began < .seconds(45))
  }

  /// More clients than there may be, who have their answer and go without a word.
  @Test func whoHasGoneIsLetGo() throws {
    let served = try Served()
    for _ in 0..<300 {
      let answer = try served.says(
        to: "GET /icon.svg HTTP/1.1\r\nHost: localhost\r\n\r\n", patience: 0.01)
      #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 200"))
    }
    #expect(try served.says(to: Self.good).hasPrefix("HTTP/1.1 200"))
  }

  /// More pages than there is room for: the last are told so, and there is room again once the
  /// others have gone. None of them reads, and nobody waits for that.
  @Test(.enabled(if: hasManyFiles)) func tooManyPagesAreTold() throws {
    let served = try Served()
    var pages = try (0..<256).map { _ in try served.follow("/events") }
    // They are let in one after the other.
    _ = pages.last?.read(20) { $0.contains("event: heartbeat") }
    let late = try served.says(to: "", patience: 20)
    #expect(late.hasPrefix("HTTP/1.1 503 ") && late.contains("retry-after"))
    pages.removeFirst(100)
    let deadline = ContinuousClock.now + .seconds(60)
    var answer = ""
    while !answer.hasPrefix("HTTP/1.1 200"), ContinuousClock.now < deadline {
      usleep(100_000)
      answer = try served.says(to: Self.good)
    }
    #expect(answer.hasPrefix("HTTP/1.1 200"))
  }

  /// Who sends no more still gets what was asked for, and then the end.
  @Test(arguments: ["/", "/style.css"]) func whoSendsNoMoreIsAnswered(_ uri: String) throws {
    let served = try Served()
    let began = ContinuousClock.now
    let answer = try served.says(
      to: "GET \(uri) HTTP/1.1\r\nHost: localhost\r\n\r\n", patience: 20, isHalfClosed: true)
    #expect(answer.hasPrefix("HTTP/1.1 200") && ContinuousClock.now - began < .seconds(12))
  }

  /// Several questions in one piece are answered one after the other.
  @Test func questionsAreAnsweredInTurn() throws {
    let served = try Served()
    let answer = try served.says(
      to: "GET /style.css HTTP/1.1\r\nHost: localhost\r\n\r\n"
        + "HEAD /live.js HTTP/1.1\r\nHost: localhost\r\n\r\n" + Self.good)
    let kinds = answer.matches(of: /content-type: text\/(\w+)/).map { String($0.1) }
    #expect(kinds == ["css", "javascript", "html"])
  }

  /// What every answer carries.
  @Test(arguments: ["/", "/style.css", "/live.js", "/icon.svg", "/nothing", "/run?id=abcdef"])
  func everyAnswerIsGuarded(_ uri: String) throws {
    let answer = try Served().get(uri)
    let head = try #require(answer.firstRange(of: "\r\n\r\n").map { answer[..<$0.lowerBound] })
    for line in [
      "content-security-policy: default-src 'none'; script-src 'self'", "frame-ancestors 'none'",
      "x-content-type-options: nosniff", "referrer-policy: no-referrer", "cache-control: no-store",
    ] { #expect(head.contains(line), "\(uri): \(line)") }
  }
}

/// Whether this process may have some hundred connections.
private let hasManyFiles: Bool = {
  var limit = rlimit()
  #if os(Linux)
    return getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
      && limit.rlim_cur >= 1024
  #else
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= 1024
  #endif
}()
