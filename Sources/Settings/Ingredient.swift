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

/// Something a recipe names, such as a layer, an initializer or a loss.
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
    var unknown = UnknownNames()
    for entry in entries {
      guard let field = Self.fields.first(where: { $0.name == entry.key }) else {
        throw reader.error(
          entry.value, "'\(entry.key)' is not a setting",
          fix: suggestion(
            for: entry.key, among: Self.fields.filter { !$0.isHidden }.map(\.name)))
      }
      try unknown.gather { try field.read(&self, entry.value, reader.entering(entry.key)) }
    }
    try unknown.check()
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

  /// Every setting that is a real number, with its default; nil where it must be given.
  package var numbers: [(name: String, value: Double, standard: Double?)] {
    let standard = Self()
    return Self.fields.compactMap { field in
      field.number.map { number in
        (field.name, number.value(self), field.isRequired ? nil : number.value(standard))
      }
    }
  }

  /// The same with real numbers changed, by name.
  package func changingNumbers(_ change: (String, Double) -> Double) -> Self {
    Self.fields.reduce(into: self) { changed, field in
      guard let number = field.number else { return }
      number.set(&changed, change(field.name, number.value(changed)))
    }
  }

  /// The ingredients that its settings name, and those within them.
  package var ingredientsWithin: [any Ingredient] { Self.fields.flatMap { $0.ingredients(self) } }

  /// Checks that what it is written as reads back as the same.
  /// - Throws: `KeelError` where it does not: something of it is in no field.
  package func checkFields(_ reader: SettingsReader) throws {
    guard try Self(reading: settings, reader) != self else { return }
    throw KeelError(
      .invalid, at: reader.path,
      "reads back from a file as another than it is: \(Self.self) has "
        + "something that no field says, or two fields of one name",
      fix: "give each of its settings a Field of its own")
  }

  /// Every setting that has a value, with its name.
  package var settings: Settings {
    .map(Self.fields.compactMap { field in field.write(self).map { .init(field.name, $0) } })
  }
}
