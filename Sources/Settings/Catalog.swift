import KeelEngine

/// Which names a recipe may use.
///
/// `Catalog.standard + [MyLayer.self]` adds your own.
public struct Catalog: Sendable {
  /// The types that a name is looked up among.
  public var types: [any Ingredient.Type]

  public init(_ types: [any Ingredient.Type]) { self.types = types }

  /// The catalogue with more members behind it; no name of a family may be there already.
  public static func + (catalog: Catalog, more: [any Ingredient.Type]) -> Catalog {
    Catalog(catalog.types + more)
  }

  /// The types of one family, in the catalogue's order.
  public func types<F: Family>(of family: F.Type) -> [any Ingredient.Type] {
    types.filter { F.member($0.init()) != nil }
  }

  func names<F: Family>(of family: F.Type) -> [String] { types(of: family).map { $0.name } }

  /// The type of that name or alias.
  /// - Throws: `KeelError` where two have it.
  func type<F: Family>(
    named name: String, in family: F.Type, at path: String
  ) throws -> (any Ingredient.Type)? {
    let named = types.filter {
      ($0.name == name || $0.aliases.contains(name)) && F.member($0.init()) != nil
    }
    if let other = named.dropFirst().first(where: { $0 != named[0] }) {
      throw KeelError(
        .invalid, at: path, "'\(name)' is the name of \(named[0]) and of \(other)",
        fix: "give \(other) another name")
    }
    return named.first
  }

  /// Refuses somebody's own that is called as one of the catalogue: a file could not tell them.
  package func check<F: Family>(_ choice: Choice<F>, at path: String) throws {
    let own = Swift.type(of: choice.ingredient)
    guard let other = try type(named: own.name, in: F.self, at: path), other != own else { return }
    throw KeelError(
      .invalid, at: path, "'\(own.name)' is the name of Keel's \(other), and of \(own)",
      fix: "give \(own) another name")
  }

  /// Where a decoder of recipes finds the catalogue.
  public static let key: CodingUserInfoKey = {
    guard let key = CodingUserInfoKey(rawValue: "keel.catalog") else {
      preconditionFailure("every text is a key")
    }
    return key
  }()
}
