// How a tree is printed as YAML, and carried through Codable.

extension Settings {
  /// One line of YAML flow style: `{sgd: {learning-rate: 0.1}}`.
  public var line: String {
    switch node {
    case .scalar(let text, let quoted):
      return quoted ? Self.quoted(text) : text
    case .list(let items):
      return "[" + items.map(\.line).joined(separator: ", ") + "]"
    case .map(let entries):
      return "{" + entries.map { "\($0.key): \($0.value.line)" }.joined(separator: ", ") + "}"
    }
  }

  /// A document: one line an entry and one an element of a list, flow style where a line holds it.
  public func document(width: Int = 100) -> String {
    guard case .map(let entries) = node else { return line + "\n" }
    return entries.map { entry in
      let flow = "\(entry.key): \(entry.value.line)\n"
      switch entry.value.node {
      case .list(let items) where entry.key == "model" || flow.count > width:
        return "\(entry.key):\n" + Self.block(items, indent: 2, width: width)
      default:
        return flow
      }
    }.joined()
  }

  /// The elements of a list, one a line; a long container (`repeat`, `residual`) opens up.
  private static func block(_ items: [Settings], indent: Int, width: Int) -> String {
    let margin = String(repeating: " ", count: indent)
    return items.map { item in
      let flow = "\(margin)- \(item.line)\n"
      guard flow.count > width, case .map(let outer) = item.node, outer.count == 1,
        case .map(let inner) = outer[0].value.node
      else { return flow }
      let lines = inner.map { entry -> String in
        guard case .list(let items) = entry.value.node else {
          return "\(margin)    \(entry.key): \(entry.value.line)\n"
        }
        return "\(margin)    \(entry.key):\n" + block(items, indent: indent + 6, width: width)
      }
      return "\(margin)- \(outer[0].key):\n" + lines.joined()
    }.joined()
  }

  /// Text as a scalar: bare where no reader could take it for something else, else double-quoted.
  public static func string(_ text: String) -> Settings {
    let isBare =
      text.first?.isLetter ?? false
      && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./".contains($0)) }
      && !["true", "false", "null", "none", "yes", "no", "on", "off", "y", "n"]
        .contains(text.lowercased())
      && !isNonFinite(text)
    return isBare ? .scalar(text) : .text(text)
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      default:
        // What YAML takes for a line break or does not allow as it is, and what would turn the
        // reading of a line round.
        let category = scalar.properties.generalCategory
        let isUnprintable =
          [.control, .format, .lineSeparator, .paragraphSeparator].contains(category)
          || scalar.value == 0xa0
        if isUnprintable {
          let hex = String(scalar.value, radix: 16)
          let length = hex.count > 4 ? 8 : 4
          result += length == 8 ? "\\U" : "\\u"
          result += String(repeating: "0", count: length - hex.count) + hex
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }
}

extension Settings: Codable {
  private struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  public init(from decoder: any Decoder) throws {
    if let map = try? decoder.container(keyedBy: Key.self) {
      self = .map(
        try map.allKeys.sorted { $0.stringValue < $1.stringValue }.map {
          Entry($0.stringValue, try map.decode(Settings.self, forKey: $0))
        })
    } else if var list = try? decoder.unkeyedContainer() {
      var items: [Settings] = []
      while !list.isAtEnd { items.append(try list.decode(Settings.self)) }
      self = .list(items)
    } else {
      let scalar = try decoder.singleValueContainer()
      if let value = try? scalar.decode(Bool.self) {
        self = .scalar(value ? "true" : "false")
      } else if let value = try? scalar.decode(UInt64.self) {
        self = .scalar(String(value))
      } else if let value = try? scalar.decode(Double.self) {
        self = .number(value)
      } else {
        // A text that looks like a number stays a text; any other may be a name or `none`.
        let text = try scalar.decode(String.self)
        self = Self.isNumber(text) ? .text(text) : .scalar(text)
      }
    }
  }

  public func encode(to encoder: any Encoder) throws {
    switch node {
    case .map(let entries):
      var map = encoder.container(keyedBy: Key.self)
      for entry in entries { try map.encode(entry.value, forKey: Key(stringValue: entry.key)) }
    case .list(let items):
      var list = encoder.unkeyedContainer()
      for item in items { try list.encode(item) }
    case .scalar(let text, let quoted):
      var scalar = encoder.singleValueContainer()
      if !quoted, let value = UInt64(text) {
        try scalar.encode(value)
      } else if let value = number {
        try scalar.encode(value)
      } else if !quoted, text == "true" || text == "false" {
        try scalar.encode(text == "true")
      } else {
        try scalar.encode(text)
      }
    }
  }
}
