import KeelCauses
import KeelFrameworks
import KeelNetworks
import KeelRecipes
import KeelSettings
import Testing

/// How lines for another framework find the layers of a recipe there.
struct LayerSiteTests {
  private static func recipe(_ model: [Choice<Layers>]) -> Recipe {
    var recipe = LargeLearningRate.guilty[0]
    recipe.model = model
    return recipe
  }

  /// Each kind by itself, repeats expanded and blocks opened.
  @Test func layersAreCountedByKind() {
    let sites = Self.recipe([
      .dense(8), .relu, .repeat(2, [.dense(8), .relu]), .residual([.layerNorm(), .dense(8)]),
      .dense(1),
    ]).sites
    #expect(
      sites.map { "\($0.kind)-\($0.index)" } == [
        "dense-0", "relu-0", "dense-1", "relu-1", "dense-2", "relu-2", "layer-norm-0", "dense-3",
        "dense-4",
      ])
  }

  /// A layer's own rule goes before the recipe's; what has no weights has none.
  @Test func rulesAreThoseOfTheLayers() {
    var recipe = Self.recipe([.dense(8, initializer: .zeros), .relu, .dense(1)])
    recipe.initializer = .lecun()
    #expect(recipe.sites.map(\.rule) == [.zeros, nil, .lecun()])
  }

  /// Inside a layer or by itself; a recurrence's is no place of its own.
  @Test func activationsAreCountedByKind() {
    let sites = Self.recipe([
      .recurrent(4), .dense(8, activation: .tanh), .relu, .dense(8, activation: .relu), .dense(1),
    ]).activationSites
    #expect(sites.map { "\($0.activation.name)-\($0.index)" } == ["tanh-0", "relu-0", "relu-1"])
    #expect(sites.map(\.holder.kind) == ["dense", "relu", "dense"])
  }
}

/// Which layers of a list lines are about.
struct SelectionTests {
  @Test(arguments: [
    ([0, 1, 2], "list", ""), ([0, 1], "list[:2]", "  # dense-1 to dense-2"),
    ([1, 2], "list[1:]", "  # dense-2 to dense-3"), ([2], "list[-1:]", "  # dense-3"),
    ([1], "list[1:2]", "  # dense-2"),
    ([0, 2], "[list[i] for i in (0, 2)]", "  # 2 dense layers"),
  ])
  func partsAndTheirComments(_ indices: [Int], _ part: String, _ comment: String) {
    let selection = Selection(kind: "dense", indices: indices, total: 3)
    #expect(selection.part(of: "list") == part)
    #expect(selection.comment == comment)
  }

  /// A part is of a list of known length; all of them only have to be some.
  @Test func listsAreChecked() {
    let part = Selection(kind: "dense", indices: [1], total: 3)
    #expect(
      part.check("list", "nn.Linear")
        == "assert len(list) == 3, f\"expected 3 nn.Linear, found {len(list)}: {list}\"")
    #expect(
      Selection.all("dense").check("list", "nn.Linear", advice: "by hand")
        == "assert list, \"found no nn.Linear; by hand\"")
  }

  /// What gets the same is one group, in the order of the first of each.
  @Test func sameValuesAreOneGroup() {
    let items = [(index: 0, value: "b"), (index: 1, value: "a"), (index: 2, value: "b")]
    let groups = Selection.groups(items, kind: "dense", total: 3)
    #expect(groups.map(\.value) == ["b", "a"])
    #expect(groups.map(\.selection.indices) == [[0, 2], [1]])
  }
}
