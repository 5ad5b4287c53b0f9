/// Which names a recipe may use.
///
/// `Catalog.standard + [MyLayer.self]` adds your own.
public struct Catalog: Sendable {
  /// The types that a name is looked up among; of two with one name the later counts.
  public var types: [any Ingredient.Type]

  public init(_ types: [any Ingredient.Type]) { self.types = types }

  /// The catalogue with more members behind it, which replace those of the same name.
  public static func + (catalog: Catalog, more: [any Ingredient.Type]) -> Catalog {
    Catalog(catalog.types + more)
  }

  /// The types of one family, in the catalogue's order.
  public func types<F: Family>(of family: F.Type) -> [any Ingredient.Type] {
    types.filter { F.member($0.init()) != nil }
  }

  func names<F: Family>(of family: F.Type) -> [String] { types(of: family).map { $0.name } }

  /// The last type of that name or alias, so that a user's own may replace a standard one.
  func type<F: Family>(named name: String, in family: F.Type) -> (any Ingredient.Type)? {
    types.last { ($0.name == name || $0.aliases.contains(name)) && F.member($0.init()) != nil }
  }

  /// Where a decoder of recipes finds the catalogue.
  public static let key: CodingUserInfoKey = {
    guard let key = CodingUserInfoKey(rawValue: "keel.catalog") else {
      preconditionFailure("every text is a key")
    }
    return key
  }()
}
