import KeelNetworks
import KeelRecipes
import KeelSettings
import Testing

/// Every real number of a recipe has a path that `--set` knows, and can be changed there.
struct NumberSettingTests {
  private static let recipe = Recipe(
    data: .spirals(),
    model: [
      .dense(8, activation: .leakyReLU(slope: 0.2)),
      .repeat(2, [.residual([.batchNorm(), .dense(8), .dropout(0.3)])]), .dense(3),
    ],
    loss: .huber(), optimizer: .adam(learningRate: 0.01), clipping: [.globalNorm(1)],
    regularizer: [.l2(0.1), .maxNorm(3)], training: .init(epochs: 1, batch: 8))

  @Test func everyNumberHasItsPath() {
    #expect(
      Self.recipe.numbers.map(\.path) == [
        "model[0].dense.activation.leaky-relu.slope",
        "model[1].repeat.layers[0].residual.layers[0].batch-norm.momentum",
        "model[1].repeat.layers[0].residual.layers[0].batch-norm.epsilon",
        "model[1].repeat.layers[0].residual.layers[2].dropout.rate", "loss.huber.delta",
        "optimizer.adam.learning-rate", "optimizer.adam.beta1", "optimizer.adam.beta2",
        "optimizer.adam.epsilon", "clipping.global-norm.limit", "regularizer[0].l2.lambda",
        "regularizer[1].max-norm.limit",
      ])
  }

  /// What is changed by a path is what `--set` changes by it.
  @Test func aChangeIsWhatSetWrites() throws {
    for setting in Self.recipe.numbers {
      let changed = Self.recipe.changingNumbers { $0.path == setting.path ? 0.625 : $0.value }
      var tree = Self.recipe.written
      try tree.set(setting.path, to: .number(0.625))
      #expect(try Recipe(tree, name: Self.recipe.name) == changed, "\(setting.path)")
      #expect(changed.diff(from: Self.recipe).map(\.path) == [setting.path])
    }
  }

  /// What must be given has no default; what has one says it.
  @Test func defaultsAreKnown() {
    let standards = Dictionary(
      uniqueKeysWithValues: Self.recipe.numbers.map { ($0.path, $0.standard) })
    #expect(standards["optimizer.adam.epsilon"] == .some(1e-8))
    #expect(standards["regularizer[0].l2.lambda"] == .some(nil))
  }
}
