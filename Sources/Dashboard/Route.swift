/// What can be asked for: none of it is a path, and what is not here is nowhere.
package enum Route: Hashable, Sendable {
  case page(Topic)
  /// What changes on a page, as it does.
  case events(Topic)
  /// The page of runs, with the token that lets a browser in.
  case entry(token: String)
  case style, script, icon

  /// What a page is about.
  package enum Topic: Hashable, Sendable {
    case runs
    /// By the beginning of its id.
    case run(String)
    case comparison([String])

    /// Where what changes is told.
    package var events: String {
      switch self {
      case .runs: "/events"
      case .run(let id): "/events?id=\(id)"
      case .comparison(let ids): "/events?" + ids.map { "run=\($0)" }.joined(separator: "&")
      }
    }
  }

  /// - Returns: nil where there is no such thing.
  package init?(_ uri: String) {
    let parts = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    guard let items = Self.items(parts.count > 1 ? parts[1] : "") else { return nil }
    func only(_ name: String) -> String? {
      items.count == 1 && items[0].name == name ? items[0].value : nil
    }
    let runs = items.allSatisfy { $0.name == "run" } ? items.map(\.value) : []
    switch (parts.first, items.isEmpty) {
    case ("/", true): self = .page(.runs)
    case ("/", false):
      guard let token = only("token") else { return nil }
      self = .entry(token: token)
    case ("/run", false):
      guard let id = only("id"), Self.isID(id) else { return nil }
      self = .page(.run(id))
    case ("/compare", _):
      guard runs.count == items.count, runs.allSatisfy(Self.isID) else { return nil }
      self = .page(.comparison(runs))
    case ("/events", true): self = .events(.runs)
    case ("/events", false):
      if let id = only("id"), Self.isID(id) {
        self = .events(.run(id))
      } else if !runs.isEmpty, runs.allSatisfy(Self.isID) {
        self = .events(.comparison(runs))
      } else {
        return nil
      }
    case ("/style.css", true): self = .style
    case ("/live.js", true): self = .script
    case ("/icon.svg", true): self = .icon
    default: return nil
    }
  }

  /// The parts of a query, of letters and digits alone; nil where it is anything else.
  private static func items(_ query: Substring) -> [(name: String, value: String)]? {
    guard !query.isEmpty else { return [] }
    var items: [(String, String)] = []
    for item in query.split(separator: "&", omittingEmptySubsequences: false) {
      let pair = item.split(separator: "=", omittingEmptySubsequences: false)
      guard pair.count == 2,
        pair.allSatisfy({ $0.utf8.allSatisfy { $0.isLetter || (0x30...0x39).contains($0) } })
      else { return nil }
      items.append((String(pair[0]), String(pair[1])))
    }
    return items.count <= 256 ? items : nil
  }

  private static func isID(_ text: String) -> Bool {
    (4...16).contains(text.count) && text.allSatisfy(\.isHexDigit)
  }
}

extension UInt8 {
  fileprivate var isLetter: Bool { (0x61...0x7A).contains(self | 0x20) }
}
