import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import Testing

/// Every ingredient against the house rules.
struct CatalogTests {
  @Test(arguments: Catalog.standard.types.map { Entry(type: $0) })
  func ingredientKeepsTheRules(_ entry: Entry) {
    func check<I: Ingredient>(_ type: I.Type) {
      #expect(I.name == I.name.lowercased() && !I.name.contains { " _".contains($0) })
      #expect(!I.summary.isEmpty && I.summary.count < 60)
      #expect(Set(I.fields.map(\.name)).count == I.fields.count)
      #expect(I.fields.allSatisfy { !$0.help.isEmpty && !$0.name.contains("_") })
      #expect(I() == I())
    }
    check(entry.type)
  }

  struct Entry: CustomTestStringConvertible, Sendable {
    let type: any Ingredient.Type
    var testDescription: String { type.name }
  }

  /// No two ingredients of one family share a name or an alias.
  @Test func namesAreUnique() {
    func check<F: Family>(_ family: F.Type) {
      let types = Catalog.standard.types(of: family)
      let names = types.flatMap { [$0.name] + $0.aliases }
      #expect(Set(names).count == names.count, "\(F.plural)")
      #expect(!names.isEmpty)
    }
    check(Layers.self)
    check(Initializers.self)
    check(Losses.self)
    check(Optimizers.self)
    check(Schedules.self)
    check(Clips.self)
    check(Regularizers.self)
    check(Datasets.self)
  }

  /// A user's own layer is read by its name and stands beside the others.
  @Test func aUserAddsTheirOwn() throws {
    var recipe = Recipe(
      data: .spirals(), model: [.dense(3), .relu], loss: .softmaxCrossEntropy, optimizer: .sgd(),
      training: .init(epochs: 1, batch: 1))
    var tree = recipe.written
    try tree.set("model[1]", to: .scalar("twice"))
    #expect(throws: (any Error).self) { try Recipe(tree) }
    recipe = try Recipe(tree, catalog: .standard + [Twice.self])
    #expect(recipe.model[1] == Choice(Twice()))
    #expect(recipe.model[1].name == "twice")
  }
}
