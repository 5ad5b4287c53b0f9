import KeelEngine

/// Something with named settings that a recipe can write down.
public protocol Configurable: Hashable, Sendable {
  /// Every setting, in the order in which it is printed; the first is the bare one.
  static var fields: [Field<Self>] { get }
  /// Every setting at its default; required ones at a value that is never seen.
  init()
  /// Rules that hold between settings.
  /// - Throws: `KeelError` with `path` as its place.
  func validate(at path: String) throws
}

extension Configurable {
  public func validate(at path: String) throws {}
}

/// Something a recipe names: a layer, an initializer, a loss, …
///
/// One ingredient is one type in one file, and one name in the recipe file.
public protocol Ingredient: Configurable {
  /// The name in the recipe file: `leaky-relu`.
  static var name: String { get }
  /// Other names it is read by.
  static var aliases: [String] { get }
  /// One line for the catalogue.
  static var summary: String { get }
}

extension Ingredient {
  public static var aliases: [String] { [] }
  public static var fields: [Field<Self>] { [] }
}

/// A family of ingredients, all of which fit the same place of a recipe.
public protocol Family: Sendable {
  /// The existential type of its members: `any Layer`.
  associatedtype Member: Sendable
  /// The word in messages and the heading in the catalogue: `layer`, `layers`.
  static var singular: String { get }
  static var plural: String { get }
  /// The ingredient as a member, if it is one.
  static func member(_ ingredient: any Ingredient) -> Member?
}

/// One member of a family, as a value that a recipe holds: `.dense(512)`, `.relu`, `.he()`.
public struct Choice<F: Family>: Hashable, Sendable {
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

// MARK: reading and writing

extension Configurable {
  package init(reading settings: Settings, _ reader: SettingsReader) throws {
    self.init()
    let entries: [Settings.Entry]
    if case .map(let given) = settings.node {
      entries = given
    } else if let first = Self.fields.first {
      entries = [.init(first.name, settings)]
    } else {
      throw reader.error(settings, "takes no settings", fix: "write the name alone")
    }
    for entry in entries {
      guard let field = Self.fields.first(where: { $0.name == entry.key }) else {
        throw reader.error(
          entry.value, "'\(entry.key)' is not a setting",
          fix: suggestion(for: entry.key, among: Self.fields.map(\.name)))
      }
      try field.read(&self, entry.value, reader.entering(entry.key))
    }
    for field in Self.fields
    where field.isRequired && !entries.contains(where: { $0.key == field.name }) {
      throw reader.error(
        settings, "'\(field.name)' is missing", fix: "add '\(field.name): …' (\(field.help))")
    }
    do { try validate(at: reader.path) } catch var error as KeelError {
      error.source = error.source ?? settings.source
      throw error
    }
  }

  /// Every setting that has a value, with its name.
  package var settings: Settings {
    .map(Self.fields.compactMap { field in field.write(self).map { .init(field.name, $0) } })
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
    guard let type = reader.catalog.type(named: name, in: F.self) else {
      throw reader.error(
        settings, "'\(name)' is not \(article(F.singular)) \(F.singular)",
        fix: suggestion(for: name, among: reader.catalog.names(of: F.self)))
    }
    let inner = reader.entering(type.name)
    let isEmpty = given.map { $0.node == .scalar("", quoted: false) } ?? true
    self.init(
      try type.init(reading: isEmpty ? Settings(.map([]), source: settings.source) : given!, inner))
  }

  /// The name alone where there is nothing to set, else the name with every setting.
  public var written: Settings? {
    let settings = ingredient.settings
    if case .map(let entries) = settings.node, entries.isEmpty { return .scalar(name) }
    return .map([.init(name, settings)])
  }
}

private func article(_ word: String) -> String { "aeiou".contains(word.first!) ? "an" : "a" }
