/// One place where two recipes differ.
///
/// An insertion has no `from` and its path counts in the new recipe; a removal has no `to` and its
/// path counts in the old one.
public struct Change: Hashable, Sendable {
  /// Where they differ: `model[1].repeat.layers[0].dense.units`.
  public let path: String
  /// What stood there; nil for an insertion.
  public let from: Settings?
  /// What stands there now; nil for a removal.
  public let to: Settings?

  public init(path: String, from: Settings?, to: Settings?) {
    self.path = path
    self.from = from
    self.to = to
  }
}

extension Change: Codable {
  private enum Key: CodingKey { case path, from, to }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    path = try container.decode(String.self, forKey: .path)
    from = try container.decodeIfPresent(Settings.self, forKey: .from)
    to = try container.decodeIfPresent(Settings.self, forKey: .to)
  }

  /// An absent side is written as null.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(path, forKey: .path)
    try container.encode(from, forKey: .from)
    try container.encode(to, forKey: .to)
  }
}

extension Settings {
  /// Where two trees differ.
  /// - Parameter path: of both.
  package static func changes(from old: Settings, to new: Settings, at path: String) -> [Change] {
    if old == new { return [] }
    switch (old.node, new.node) {
    case (.map(let a), .map(let b)) where areComparable(a, b, path):
      return changes(a, b, at: path)
    case (.list(let a), .list(let b)):
      return changes(a, b, at: path)
    default:
      return [Change(path: path, from: old, to: new)]
    }
  }

  /// Two ingredients are compared setting by setting only if they are of one kind.
  private static func areComparable(_ a: [Entry], _ b: [Entry], _ path: String) -> Bool {
    a.count != 1 || b.count != 1 || a[0].key == b[0].key || path.isEmpty
  }

  private static func changes(_ a: [Entry], _ b: [Entry], at path: String) -> [Change] {
    func place(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
    let kept = a.flatMap { entry -> [Change] in
      guard let other = b.first(where: { $0.key == entry.key }) else {
        return [Change(path: place(entry.key), from: entry.value, to: nil)]
      }
      return changes(from: entry.value, to: other.value, at: place(entry.key))
    }
    let added = b.filter { entry in !a.contains { $0.key == entry.key } }
    return kept + added.map { Change(path: place($0.key), from: nil, to: $0.value) }
  }

  /// Lists are aligned so that as little as possible changes: an equal element costs nothing, one
  /// of the same kind 1, an insertion or a removal 1, another kind in its place 1.5.
  private static func changes(_ a: [Settings], _ b: [Settings], at path: String) -> [Change] {
    func cost(_ x: Settings, _ y: Settings) -> Double { x == y ? 0 : x.name == y.name ? 1 : 1.5 }
    var table = [[Double]](
      repeating: [Double](repeating: 0, count: b.count + 1), count: a.count + 1)
    for i in stride(from: a.count, through: 0, by: -1) {
      for j in stride(from: b.count, through: 0, by: -1) where i < a.count || j < b.count {
        let remove = i < a.count ? 1 + table[i + 1][j] : .infinity
        let insert = j < b.count ? 1 + table[i][j + 1] : .infinity
        let match =
          i < a.count && j < b.count ? cost(a[i], b[j]) + table[i + 1][j + 1] : .infinity
        table[i][j] = min(remove, insert, match)
      }
    }
    var result: [Change] = []
    var (i, j) = (0, 0)
    while i < a.count || j < b.count {
      if i < a.count, j < b.count, table[i][j] == cost(a[i], b[j]) + table[i + 1][j + 1] {
        result += changes(from: a[i], to: b[j], at: "\(path)[\(j)]")
        (i, j) = (i + 1, j + 1)
      } else if j < b.count, table[i][j] == 1 + table[i][j + 1] {
        result.append(Change(path: "\(path)[\(j)]", from: nil, to: b[j]))
        j += 1
      } else {
        result.append(Change(path: "\(path)[\(i)]", from: a[i], to: nil))
        i += 1
      }
    }
    return result
  }

  /// The ingredient's name, where this is one.
  private var name: String? {
    switch node {
    case .scalar(let text, _): text
    case .map(let entries) where entries.count == 1: entries[0].key
    default: nil
    }
  }
}
