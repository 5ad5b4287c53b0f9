import KeelEngine

extension Settings {
  /// One step of a path: `model[1].repeat` is a key, an index, a key.
  enum Step: Hashable {
    case key(String)
    case index(Int)
  }

  static func steps(_ path: String) throws -> [Step] {
    func malformed() -> KeelError {
      KeelError(
        .usage, at: path, "is not a path",
        fix: "write keys and positions, such as model[1].dense.units")
    }
    var steps: [Step] = []
    for part in path.split(separator: ".", omittingEmptySubsequences: false) {
      let pieces = part.split(separator: "[", omittingEmptySubsequences: false)
      guard let key = pieces.first, !key.isEmpty else { throw malformed() }
      steps.append(.key(String(key)))
      for piece in pieces.dropFirst() {
        guard piece.hasSuffix("]"), let index = Int(piece.dropLast()), index >= 0 else {
          throw malformed()
        }
        steps.append(.index(index))
      }
    }
    return steps
  }

  /// What a path names; nil where it leads nowhere.
  package func value(at path: String) -> Settings? {
    guard let steps = try? Self.steps(path) else { return nil }
    return steps.reduce(self as Settings?) { value, step in
      switch (step, value?.node) {
      case (.key(let key), .map(let entries)): entries.first { $0.key == key }?.value
      case (.index(let index), .list(let items)):
        items.indices.contains(index) ? items[index] : nil
      default: nil
      }
    }
  }

  /// Replaces what a path names; a last key that is not there yet is added.
  /// - Throws: `KeelError` with the part of the path that leads nowhere.
  public mutating func set(_ path: String, to value: Settings) throws {
    try set(try Self.steps(path)[...], to: value, walked: "", path)
  }

  private mutating func set(
    _ steps: ArraySlice<Step>, to value: Settings, walked: String, _ path: String
  ) throws {
    guard let step = steps.first else {
      self = value
      return
    }
    let rest = steps.dropFirst()
    switch (step, node) {
    case (.key(let key), .map(var entries)):
      let place = walked.isEmpty ? key : "\(walked).\(key)"
      if let index = entries.firstIndex(where: { $0.key == key }) {
        try entries[index].value.set(rest, to: value, walked: place, path)
      } else if rest.isEmpty {
        entries.append(Entry(key, value))
      } else {
        throw KeelError(
          .invalid, at: path, "'\(key)' is not in this recipe",
          fix: suggestion(for: key, among: entries.map(\.key)))
      }
      node = .map(entries)
    case (.index(let index), .list(var items)):
      guard items.indices.contains(index) else {
        throw KeelError(
          .invalid, at: path, "\(walked) has \(items.count) elements, counted from 0",
          fix: "use a position from 0 to \(items.count - 1)")
      }
      try items[index].set(rest, to: value, walked: "\(walked)[\(index)]", path)
      node = .list(items)
    case (.key(let key), .scalar(let text, _)) where key == text:
      throw KeelError(
        .invalid, at: path, "\(walked) is \(text), which has nothing to set",
        fix: "set \(walked) itself, such as \(walked)=tanh")
    case (.key(let key), .scalar(let text, _)) where !text.isEmpty:
      throw KeelError(
        .invalid, at: path, "\(walked) is \(text), which has no '\(key)'",
        fix: "set \(walked) itself, such as \(walked)='{\(key): …}'")
    default:
      throw KeelError(
        .invalid, at: path, "\(walked.isEmpty ? "the recipe" : walked) is \(kind) here",
        fix: "write keys with '.', positions with '[0]'")
    }
  }
}
