/// Settings as a person would write them: what is a default is left out.
extension Settings {
  /// `{he: {distribution: normal, mode: fan-in, scale: 1}}` becomes `he`, which reads back as the
  /// same.
  public func brief(_ catalog: Catalog) -> Settings {
    switch node {
    case .scalar: return self
    case .list(let items): return .list(items.map { $0.brief(catalog) })
    case .map(let entries):
      let brief = entries.map { entry in
        Entry(entry.key, entry.value.withoutDefaults(of: entry.key, catalog).brief(catalog))
      }
      if brief.count == 1, brief[0].value == .map([]) { return .scalar(brief[0].key) }
      return .map(brief)
    }
  }

  /// The settings of an ingredient without those that it has anyway.
  private func withoutDefaults(of name: String, _ catalog: Catalog) -> Settings {
    guard case .map(let entries) = node else { return self }
    // Two families may share a name: the one meant has every setting that is written.
    for type in catalog.types where type.name == name {
      let defaults = type.writtenDefaults
      guard entries.allSatisfy({ defaults.keys.contains($0.key) }) else { continue }
      return .map(entries.filter { defaults[$0.key] != .some($0.value) })
    }
    return self
  }
}

extension Ingredient {
  /// Each setting as it is when nobody gives it; nil where it must be given, or is left to the
  /// recipe.
  fileprivate static var writtenDefaults: [String: Settings?] {
    let ingredient = Self()
    return Dictionary(
      uniqueKeysWithValues: fields.map { ($0.name, $0.isRequired ? nil : $0.written(ingredient)) })
  }
}
