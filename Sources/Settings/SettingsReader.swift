import KeelEngine

/// Where reading stands: the catalogue of names, and the path walked so far.
public struct SettingsReader: Sendable {
  /// The names that a recipe may use, and the types they stand for.
  public let catalog: Catalog
  /// The path walked so far: `model[3].dense`.
  public let path: String

  public init(catalog: Catalog, path: String = "") {
    self.catalog = catalog
    self.path = path
  }

  func entering(_ key: String) -> SettingsReader {
    SettingsReader(catalog: catalog, path: path.isEmpty ? key : "\(path).\(key)")
  }

  func entering(_ index: Int) -> SettingsReader {
    SettingsReader(catalog: catalog, path: "\(path)[\(index)]")
  }

  package func error(_ settings: Settings, _ what: String, fix: String) -> KeelError {
    KeelError(
      .invalid, at: path.isEmpty ? "recipe" : path, what, fix: fix, source: settings.source)
  }
}

/// `did you mean 'units'?`, or the whole choice where nothing is near.
///
/// `lr` means `learning-rate`.
package func suggestion(for word: String, among words: [String]) -> String {
  let initials = words.first { $0.split(separator: "-").map { $0.prefix(1) }.joined() == word }
  if let initials, word.count > 1 { return "did you mean '\(initials)'?" }
  if let longer = words.first(where: { $0.hasPrefix(word) }) { return "did you mean '\(longer)'?" }
  let near = words.map { (word: $0, distance: editDistance(word.lowercased(), $0)) }
    .min { $0.distance < $1.distance }
  guard let near else { return "nothing can be set here" }
  let longer = max(word.count, near.word.count)
  if near.distance <= max(2, longer * 3 / 5) { return "did you mean '\(near.word)'?" }
  return "choose one of: \(words.joined(separator: ", "))"
}

/// Insertions, removals, replacements and swaps of neighbours (optimal string alignment).
func editDistance(_ a: String, _ b: String) -> Int {
  let a = Array(a.prefix(64))
  let b = Array(b)
  var before: [Int] = []
  var last = Array(0...b.count)
  for i in 0..<a.count {
    var row = [i + 1]
    for j in 0..<b.count {
      var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, before[j - 1] + 1) }
      row.append(best)
    }
    (before, last) = (last, row)
  }
  return last[b.count]
}
