import KeelSettings

extension Change: CustomStringConvertible {
  /// Two lines of a diff, or one: `- optimizer.sgd.learning-rate: 3`, `+ optimizer.sgd…: 0.1`.
  public var description: String {
    [from.map { "- \(path): \($0.brief().line)" }, to.map { "+ \(path): \($0.brief().line)" }]
      .compactMap { $0 }.joined(separator: "\n")
  }
}

extension Settings {
  /// The same as a person would write it, with the names that every recipe may use.
  public func brief() -> Settings { brief(.standard) }
}
