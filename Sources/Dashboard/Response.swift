import KeelReport
import NIOHTTP1

/// What a request is answered with.
struct Response: Sendable {
  typealias Status = HTTPResponseStatus

  let status: Status
  let type: String
  let text: String
  let headers: [String: String]

  /// What every response says: nothing is fetched from elsewhere, nothing that stands in a page
  /// runs, nobody keeps it, frames it, or is told where somebody came from.
  static let common: HTTPHeaders = [
    "content-security-policy":
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
      + "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
  ]

  init(
    status: Status = .ok, type: String = "text/html; charset=utf-8", text: String,
    headers: [String: String] = [:]
  ) {
    (self.status, self.type, self.text, self.headers) = (status, type, text, headers)
  }

  /// A page that says in a line why there is no other.
  static func notice(_ status: Status, _ text: String, headers: [String: String] = [:]) -> Response
  {
    Response(status: status, text: NoticePage(text).html(events: nil), headers: headers)
  }

  /// The head, for a body of so many bytes; nil where nobody knows how many.
  func head(bytes: Int?, closes: Bool) -> HTTPResponseHead {
    var all = Self.common
    all.add(name: "content-type", value: type)
    if let bytes { all.add(name: "content-length", value: String(bytes)) }
    for (name, value) in headers { all.replaceOrAdd(name: name, value: value) }
    if closes { all.replaceOrAdd(name: "connection", value: "close") }
    return HTTPResponseHead(version: .http1_1, status: status, headers: all)
  }
}
