import KeelEngine

/// One member of a family, as a value that a recipe holds: `.dense(512)`, `.relu`, `.he()`.
public struct Choice<F: Family>: Hashable, Sendable {
  /// The member as an ingredient: its name and its settings.
  public let ingredient: any Ingredient
  /// The same, as what it does.
  public let member: F.Member

  /// - Precondition: `ingredient` belongs to the family.
  public init(_ ingredient: any Ingredient) {
    guard let member = F.member(ingredient) else {
      preconditionFailure("\(type(of: ingredient).name) is not a \(F.singular)")
    }
    self.ingredient = ingredient
    self.member = member
  }

  /// The name in the recipe file.
  public var name: String { type(of: ingredient).name }

  public static func == (a: Self, b: Self) -> Bool { isEqual(a.ingredient, b.ingredient) }
  public func hash(into hasher: inout Hasher) { ingredient.hash(into: &hasher) }

  private static func isEqual<T: Ingredient>(_ a: T, _ b: any Ingredient) -> Bool {
    (b as? T) == a
  }
}

extension Choice: SettingValue {
  public init(_ settings: Settings, _ reader: SettingsReader, _ limits: NumberRange) throws {
    let name: String
    let given: Settings?
    switch settings.node {
    case .scalar(let text, _): (name, given) = (text, nil)
    case .map(let entries) where entries.count == 1:
      (name, given) = (entries[0].key, entries[0].value)
    default:
      throw reader.error(
        settings, "expected one \(F.singular), found \(settings.kind)",
        fix: "write a name, or {name: {setting: value}}")
    }
    guard let type = try reader.catalog.type(named: name, in: F.self, at: reader.path) else {
      var error = reader.error(
        settings, "'\(name)' is not \(article(F.singular)) \(F.singular)",
        fix: suggestion(for: name, among: reader.catalog.names(of: F.self)))
      error.unknownNames = [name]
      throw error
    }
    let inner = reader.entering(type.name)
    let written = given.flatMap { $0.node == .scalar("", quoted: false) ? nil : $0 }
    self.init(
      try type.init(reading: written ?? Settings(.map([]), source: settings.source), inner))
  }

  public var ingredients: [any Ingredient] { [ingredient] + ingredient.ingredientsWithin }

  /// The name alone where there is nothing to set, else the name with every setting.
  public var written: Settings? {
    let settings = ingredient.settings
    if case .map(let entries) = settings.node, entries.isEmpty { return .scalar(name) }
    return .map([.init(name, settings)])
  }
}
