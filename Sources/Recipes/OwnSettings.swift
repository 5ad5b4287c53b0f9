import KeelEngine
import KeelSettings

/// Settings of somebody else's program, by name, each as it stands on its command line.
package struct OwnSettings: SettingValue {
  /// In the order of the study.
  package private(set) var entries: [Settings.Entry]

  package init(_ entries: [Settings.Entry]) { self.entries = entries }

  package init(_ settings: Settings, _ reader: SettingsReader, _ limits: NumberRange) throws {
    guard case .map(let entries) = settings.node else {
      throw reader.error(
        settings, "expected names and values, found \(settings.kind)", fix: "write name: value")
    }
    self.entries = entries
  }

  package var written: Settings? { .map(entries) }

  /// The value of a setting; nil where there is none of that name.
  package subscript(name: String) -> Settings? { entries.first { $0.key == name }?.value }

  /// The same with other values.
  package func setting(_ values: [(name: String, value: Settings)]) -> OwnSettings {
    OwnSettings(
      entries.map { entry in
        .init(entry.key, values.last { $0.name == entry.key }?.value ?? entry.value)
      })
  }
}

extension Recipe {
  /// The recipe with other values of its program's settings; nil where it has none.
  package func settingOwn(_ values: [(name: String, value: Settings)]) -> Recipe? {
    guard let own = own.value else { return nil }
    var recipe = self
    recipe.own = .init(own.setting(values))
    return recipe
  }
}
