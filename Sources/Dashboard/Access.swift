import NIOHTTP1

/// Who may ask, and how: everything that is looked at in a request before it is answered.
///
/// A page of another site must not read this one. Its requests carry that site's name as `Origin`
/// or `Sec-Fetch-Site`; and where it has pointed its own name at this machine, as `Host`.
package struct Access: Sendable {
  /// Names that `Host` may have.
  private let names: Set<String>
  /// What a browser must have shown; nil where only this machine gets here.
  let key: AccessKey?

  package init(names: some Sequence<String> = [], key: AccessKey? = nil) {
    self.names = Set(["localhost", "127.0.0.1", "[::1]"] + names.map { $0.lowercased() })
    self.key = key
  }

  /// Why a request is not answered.
  package struct Refusal: Error, Equatable {
    package let status: HTTPResponseStatus
    let why: String
    var headers: [String: String] = [:]
  }

  /// Looks at a request's head before anything is answered.
  /// - Parameter address: of this machine, as the connection came to it.
  /// - Throws: `Refusal`, with the status that the client is told.
  package func check(_ head: HTTPRequestHead, at address: String?) throws(Refusal) {
    guard head.version.major == 1 else {
      throw Refusal(status: .httpVersionNotSupported, why: "ask with HTTP/1.1")
    }
    guard head.method == .GET || head.method == .HEAD else {
      throw Refusal(
        status: .methodNotAllowed, why: "nothing can be changed here: GET and HEAD only",
        headers: ["allow": "GET, HEAD"])
    }
    let hosts = head.headers["host"]
    guard hosts.count == 1, let host = hosts.first else {
      throw Refusal(status: .badRequest, why: "a request names its Host once")
    }
    guard let name = Self.name(ofHost: host), names.contains(name) || name == address.map(Self.host)
    else {
      throw Refusal(
        status: .misdirectedRequest, why: "this server has another name: see where it was started")
    }
    let lengths = head.headers["content-length"]
    guard lengths.allSatisfy({ $0 == "0" }), head.headers["transfer-encoding"].isEmpty else {
      throw Refusal(status: .badRequest, why: "leave the body out: GET and HEAD have none here")
    }
    guard head.headers["origin"].allSatisfy({ $0.lowercased() == "http://\(host.lowercased())" }),
      head.headers["sec-fetch-site"].allSatisfy({ ["same-origin", "none"].contains($0) })
    else {
      throw Refusal(
        status: .forbidden,
        why: "another site asks: type the address into the browser, do not follow a link")
    }
  }

  /// Whether the browser has shown the key, where there is one.
  package func isKnown(_ head: HTTPRequestHead) -> Bool {
    guard let key else { return true }
    return head.headers["cookie"].contains { key.isIn(cookies: $0) }
  }

  /// The name in a `Host`, in small letters; nil where it is none, or its port is no number.
  package static func name(ofHost host: String) -> String? {
    let end: String.Index
    if host.hasPrefix("[") {
      guard let bracket = host.firstIndex(of: "]") else { return nil }
      end = host.index(after: bracket)
    } else {
      end = host.firstIndex(of: ":") ?? host.endIndex
    }
    let (name, port) = (host[..<end], host[end...])
    let digits = port.dropFirst()
    guard !name.isEmpty,
      port.isEmpty
        || (port.first == ":" && !digits.isEmpty && digits.utf8.count <= 5
          && digits.utf8.allSatisfy { (0x30...0x39).contains($0) })
    else { return nil }
    return name.lowercased()
  }

  /// An address as a `Host` writes it.
  static func host(_ address: String) -> String {
    address.contains(":") ? "[\(address.prefix { $0 != "%" })]" : address
  }
}
