import KeelSettings

extension Recipe {
  /// What changed from an older recipe to this one; the name does not count.
  public func diff(from older: Recipe) -> [Change] {
    var (a, b) = (older, self)
    a.name = ""
    b.name = ""
    return Settings.changes(from: a.written, to: b.written, at: "")
  }

  /// The same as settings that can each be set by its path: where something is put in or taken out,
  /// the whole list or map that it stands in.
  public func settings(insteadOf older: Recipe) -> [Change] {
    let changes = diff(from: older)
    func root(_ change: Change) -> String {
      String(change.path.prefix { $0 != "." && $0 != "[" })
    }
    // A setting that was not there can be set; an element cannot be put into a list.
    let whole = Set(
      changes.filter { $0.to == nil || ($0.from == nil && $0.path.hasSuffix("]")) }.map(root))
    var seen: Set<String> = []
    return changes.compactMap { change in
      guard whole.contains(root(change)) else { return change }
      guard seen.insert(root(change)).inserted else { return nil }
      return Change(
        path: root(change), from: older.written[root(change)], to: written[root(change)])
    }
  }
}
