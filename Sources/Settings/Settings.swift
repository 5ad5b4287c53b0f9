/// A plain tree, as a recipe file or a JSON object writes it, with the place of every node.
///
/// Two trees are equal if they say the same; where they stood does not matter.
public struct Settings: Sendable {
  /// What a node is: one value, a list, or a map.
  public enum Node: Hashable, Sendable {
    /// A number, a truth value, a name or a text, as it was written.
    case scalar(String, quoted: Bool)
    case list([Settings])
    case map([Entry])
  }

  /// A key of a map, and what stands under it.
  public struct Entry: Hashable, Sendable {
    /// The key as it is written: `learning-rate`.
    public var key: String
    /// The tree under the key.
    public var value: Settings

    public init(_ key: String, _ value: Settings) {
      self.key = key
      self.value = value
    }
  }

  /// The root of the tree, with all that is below it.
  public var node: Node
  /// `exploding.yaml:9:7` (line and column count from 1), if it came from a file.
  public var source: String?

  public init(_ node: Node, source: String? = nil) {
    self.node = node
    self.source = source
  }

  /// A bare word or number, written as it is given: `relu`, `0.01`.
  public static func scalar(_ text: String) -> Settings { Settings(.scalar(text, quoted: false)) }
  /// A quoted text, which is never read as a number.
  public static func text(_ text: String) -> Settings { Settings(.scalar(text, quoted: true)) }
  /// A list of trees in this order, with no place in a file.
  public static func list(_ items: [Settings]) -> Settings { Settings(.list(items)) }
  /// A map of trees in this order, with no place in a file.
  public static func map(_ entries: [Entry]) -> Settings { Settings(.map(entries)) }

  /// The value under `key` of a map.
  public subscript(key: String) -> Settings? {
    guard case .map(let entries) = node else { return nil }
    return entries.first { $0.key == key }?.value
  }

  /// What kind of node this is, in words for a message.
  package var kind: String {
    switch node {
    case .scalar(let text, _): "'\(text.prefix(40))'"
    case .list: "a list"
    case .map: "a mapping"
    }
  }
}

extension Settings: Hashable {
  public static func == (a: Settings, b: Settings) -> Bool { a.node == b.node }
  public func hash(into hasher: inout Hasher) { hasher.combine(node) }
}

// MARK: scalars, by our own rules

extension Settings {
  /// A plain scalar that is a decimal number; `1:30`, `0x10` and `1_000` are not, NaN is not.
  public var number: Double? {
    guard case .scalar(let text, quoted: false) = node, Self.isNumber(text) else { return nil }
    return Double(text)
  }

  static func isNumber(_ text: String) -> Bool {
    var rest = Substring(text)
    func digits() -> Int {
      let run = rest.prefix { $0.isASCII && $0.isNumber }
      rest.removeFirst(run.count)
      return run.count
    }
    if let sign = rest.first, sign == "+" || sign == "-" { rest.removeFirst() }
    var mantissa = digits()
    if rest.first == "." {
      rest.removeFirst()
      mantissa += digits()
    }
    guard mantissa > 0 else { return false }
    if rest.first == "e" || rest.first == "E" {
      rest.removeFirst()
      if let sign = rest.first, sign == "+" || sign == "-" { rest.removeFirst() }
      guard digits() > 0 else { return false }
    }
    return rest.isEmpty
  }

  /// How YAML and many languages spell what is not a finite number.
  package static func isNonFinite(_ text: String) -> Bool {
    let bare = text.lowercased().drop { "+-.".contains($0) }
    return ["nan", "inf", "infinity"].contains(bare)
  }

  /// The shortest decimal that reads back as the same number; `3`, not `3.0`.
  public static func number(_ value: Double) -> Settings {
    if value == value.rounded(), abs(value) < 1e15 { return .scalar(String(Int64(value))) }
    return .scalar("\(value)")
  }
}
