import KeelAuthoring

/// The catalogue: families, their members, and each member's settings with their defaults.
package struct CatalogPage: Page {
  package struct Setting: Encodable {
    let name: String
    /// As a recipe writes it; null where it has none: it must be given, or is left to the recipe.
    let `default`: Settings?
    let required: Bool
    let help: String

    package func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(name, forKey: .name)
      try container.encode(`default`, forKey: .default)
      try container.encode(required, forKey: .required)
      try container.encode(help, forKey: .help)
    }

    private enum CodingKeys: CodingKey {
      case name, `default`, required, help
    }
  }

  package struct Entry: Encodable {
    let name: String
    let aliases: [String]
    let summary: String
    let settings: [Setting]

    init(_ name: String, _ summary: String, aliases: [String] = [], settings: [Setting] = []) {
      (self.name, self.summary, self.aliases, self.settings) = (name, summary, aliases, settings)
    }
  }

  private let families: [(name: String, entries: [Entry])]

  private init(_ families: [(name: String, entries: [Entry])]) { self.families = families }

  package init(_ catalog: Catalog) {
    families = [
      Self.family(Layers.self, catalog, except: Activations.self),
      Self.family(Activations.self, catalog), Self.family(Initializers.self, catalog),
      Self.family(Losses.self, catalog), Self.family(Optimizers.self, catalog),
      Self.family(Schedules.self, catalog), Self.family(Clips.self, catalog),
      Self.family(Regularizers.self, catalog), Self.family(Datasets.self, catalog),
      (
        "training",
        [
          Entry(
            "training", "how long it goes on, and in what batches",
            settings: Self.settings(of: TrainingSettings.self))
        ]
      ),
      ("causes", CauseCatalog.standard.causes.map { Entry($0.name, $0.summary) }),
      ("remedies", RemedyCatalog.standard.remedies.map { Entry($0.name, $0.summary) }),
    ]
  }

  private static func family<F: Family>(_ family: F.Type, _ catalog: Catalog) -> (String, [Entry]) {
    (F.plural, catalog.types(of: family).map { entry($0) })
  }

  private static func family<F: Family, G: Family>(
    _ family: F.Type, _ catalog: Catalog, except other: G.Type
  ) -> (String, [Entry]) {
    (F.plural, catalog.types(of: family).filter { G.member($0.init()) == nil }.map { entry($0) })
  }

  private static func entry<I: Ingredient>(_ type: I.Type) -> Entry {
    Entry(I.name, I.summary, aliases: I.aliases, settings: settings(of: type))
  }

  private static func settings<C: Configurable>(of type: C.Type) -> [Setting] {
    C.fields.map { field in
      Setting(
        name: field.name, default: field.isRequired ? nil : field.written(C()),
        required: field.isRequired, help: field.help)
    }
  }

  /// - Parameter family: one family alone; all where it is nil.
  /// - Throws: `KeelError` where there is no such family.
  package func only(_ family: String?) throws -> CatalogPage {
    guard let family else { return self }
    guard let found = families.first(where: { $0.name == family }) else {
      throw KeelError(
        .usage, at: family, "is not a family of the catalogue",
        fix: "choose one of: \(families.map(\.name).joined(separator: ", "))")
    }
    return CatalogPage([found])
  }

  package var body: [String: [Entry]] {
    Dictionary(uniqueKeysWithValues: families.map { ($0.name, $0.entries) })
  }

  package var text: String {
    families.map { family in
      ([Style.bold(family.name)] + family.entries.flatMap(lines)).joined(separator: "\n")
    }.joined(separator: "\n\n") + "\n"
  }

  private func lines(_ entry: Entry) -> [String] {
    let aliases = entry.aliases.isEmpty ? "" : " (also \(entry.aliases.joined(separator: ", ")))"
    let head = "  \(Text.padded(entry.name, 22)) \(entry.summary)\(aliases)"
    return [head]
      + entry.settings.map { setting in
        let value =
          setting.required ? "required" : setting.default.map { "= \($0.line)" } ?? "not set"
        return Style.dim(
          "      \(Text.padded("\(setting.name) \(value)", 32)) \(setting.help)")
      }
  }
}
