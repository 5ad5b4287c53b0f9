import KeelDashboard
import NIOHTTP1
import Synchronization
import Testing

/// Who is answered, and who is not.
struct AccessTests {
  private static func head(
    _ headers: [(String, String)] = [("host", "localhost:5335")], method: HTTPMethod = .GET,
    version: HTTPVersion = .http1_1
  ) -> HTTPRequestHead {
    HTTPRequestHead(version: version, method: method, uri: "/", headers: HTTPHeaders(headers))
  }

  private static func status(
    _ head: HTTPRequestHead, _ access: Access = Access(), at address: String? = "127.0.0.1"
  ) -> UInt? {
    do throws(Access.Refusal) {
      try access.check(head, at: address)
      return nil
    } catch {
      return error.status.code
    }
  }

  @Test(arguments: [
    "localhost", "localhost:5335", "LOCALHOST:5335", "127.0.0.1", "127.0.0.1:80", "[::1]",
    "[::1]:5335",
  ]) func thisMachineIsAnswered(_ host: String) {
    #expect(Self.status(Self.head([("host", host)])) == nil)
    #expect(Self.status(Self.head([("host", host)], method: .HEAD)) == nil)
    let own = [("host", host), ("origin", "http://\(host)"), ("sec-fetch-site", "same-origin")]
    #expect(Self.status(Self.head(own)) == nil)
  }

  /// A name that somebody else has pointed at this machine.
  @Test(arguments: [
    "evil.example", "localhost.evil.example", "evil.example:5335", "127.0.0.1.nip.io", "localhost.",
    "localhost:", "localhost:port", "localhost:123456", "127.0.0.1:80:80", "[::1", "[::1]x", "::1",
    "", " ", "0.0.0.0", "127.0.0.2", "127.1", "2130706433", "user@localhost", "localhost/evil",
  ]) func noOtherNameIs(_ host: String) {
    #expect(Self.status(Self.head([("host", host)])) == 421)
  }

  @Test func aRequestHasOneHost() {
    #expect(Self.status(Self.head([])) == 400)
    #expect(Self.status(Self.head([("host", "localhost"), ("Host", "localhost")])) == 400)
    #expect(Self.status(Self.head([("host", "localhost"), ("host", "evil.example")])) == 400)
  }

  @Test(arguments: [HTTPMethod.POST, .PUT, .DELETE, .OPTIONS, .CONNECT, .TRACE, .PATCH])
  func nothingIsChanged(_ method: HTTPMethod) {
    #expect(Self.status(Self.head(method: method)) == 405)
  }

  @Test(arguments: [
    ("origin", "http://evil.example"), ("origin", "null"), ("origin", "https://localhost:5335"),
    ("origin", "http://localhost:5336"), ("sec-fetch-site", "cross-site"),
    ("sec-fetch-site", "same-site"),
  ]) func noOtherSiteIsAnswered(_ header: (String, String)) {
    #expect(Self.status(Self.head([("host", "localhost:5335"), header])) == 403)
  }

  @Test(arguments: [("content-length", "5"), ("transfer-encoding", "chunked")])
  func aQuestionHasNoBody(_ header: (String, String)) {
    #expect(Self.status(Self.head([("host", "localhost"), header])) == 400)
  }

  @Test func onlyHTTP1IsSpoken() {
    #expect(Self.status(Self.head(version: .init(major: 2, minor: 0))) == 505)
  }

  /// Elsewhere it has the name it was given, and the address that the connection came to.
  @Test func elsewhereItHasOtherNames() {
    let access = Access(names: ["Trainer.local"])
    #expect(Self.status(Self.head([("host", "trainer.local:5335")]), access) == nil)
    #expect(Self.status(Self.head([("host", "10.0.0.7")]), access, at: "10.0.0.7") == nil)
    #expect(Self.status(Self.head([("host", "10.0.0.7")]), access, at: "10.0.0.8") == 421)
    #expect(Self.status(Self.head([("host", "[fe80::1]")]), access, at: "fe80::1%eth0") == nil)
  }

  /// A token is good once, and for one browser.
  @Test func aTokenIsGoodOnce() throws {
    let tokens = Mutex<[String]>([])
    let key = AccessKey(port: 5335) { token in tokens.withLock { $0.append(token) } }
    let access = Access(key: key)
    func isKnown(_ cookie: String) -> Bool {
      access.isKnown(Self.head([("host", "localhost"), ("cookie", cookie)]))
    }
    let first = try #require(tokens.withLock { $0.first })
    #expect(first.count == 32 && !isKnown("keel-5335=\(first)"))
    #expect(!access.isKnown(Self.head()))
    #expect(key.cookie(for: "") == nil && key.cookie(for: String(first.dropLast())) == nil)
    let cookie = try #require(key.cookie(for: first))
    #expect(cookie.hasSuffix("; HttpOnly; SameSite=Strict; Path=/"))
    let pair = String(cookie.prefix { $0 != ";" })
    #expect(isKnown(pair) && isKnown("a=b; \(pair)"))
    #expect(!isKnown(pair + "0") && !isKnown(pair.replacing("5335", with: "5336")))
    #expect(key.cookie(for: first) == nil)
    let second = try #require(tokens.withLock { $0.last })
    #expect(second != first && key.cookie(for: second) != nil && isKnown(pair))
  }
}
