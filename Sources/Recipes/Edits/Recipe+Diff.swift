import KeelSettings

extension Recipe {
  /// What changed from an older recipe to this one; the name does not count.
  public func diff(from older: Recipe) -> [Change] {
    var (a, b) = (older, self)
    a.name = ""
    b.name = ""
    return Settings.changes(from: a.written, to: b.written, at: "")
  }
}
