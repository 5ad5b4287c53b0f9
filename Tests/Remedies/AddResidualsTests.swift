import KeelCauses
import KeelNetworks
import KeelRecipes
import KeelRemedies
import KeelSettings
import KeelTraining
import Testing

/// What `AddResiduals` wraps, and what comes of it.
struct AddResidualsTests {
  private func subject(_ model: [Choice<Layers>]) throws -> Problem {
    let recipe = Recipe(
      data: .regression(samples: 64, features: 8, noise: 0.1), model: model,
      initializer: .normal(std: 0.3), loss: .meanSquaredError, optimizer: .sgd(),
      training: .init(epochs: 2, batch: 16))
    return Problem(recipe, rows: try recipe.data.member.load(from: ".", seed: 0))
  }

  private func applied(_ model: [Choice<Layers>]) throws -> [Choice<Layers>]? {
    try AddResiduals().applied(to: subject(model))?.model
  }

  private func he(_ units: Int, scale: Double = 1) -> Choice<Layers> {
    .dense(units, initializer: .he(scale: scale))
  }

  /// The first layer changes the width, the last is the output; the two between are wrapped, at
  /// 1/√2 of the reference's deviation.
  @Test func wrapsEqualWidths() throws {
    let chain: [Choice<Layers>] = [
      .dense(16), .relu, .dense(16), .relu, .dense(16), .relu, .dense(1),
    ]
    #expect(
      try applied(chain) == [
        he(16), .relu, .residual([he(16, scale: 0.71), .relu]),
        .residual([he(16, scale: 0.71), .relu]), .dense(1, initializer: .xavier()),
      ])
  }

  /// The first time of a repeat may change the width.
  @Test func wrapsRepeats() throws {
    #expect(
      try applied([.repeat(5, [.dense(16), .relu]), .dense(1)]) == [
        he(16), .relu, .repeat(4, [.residual([he(16, scale: 0.5), .relu])]),
        .dense(1, initializer: .xavier()),
      ])
    #expect(
      try applied([.dense(16), .relu, .repeat(4, [.dense(32), .relu, .dense(16)]), .dense(1)])
        == [
          he(16), .relu,
          .repeat(4, [.residual([he(32), .relu, .dense(16, initializer: .xavier(scale: 0.5))])]),
          .dense(1, initializer: .xavier()),
        ])
  }

  /// A normalised branch has its size already; it ends in the next layer's weights.
  @Test func keepsNormalizedBranches() throws {
    let branch: Choice<Layers> = .residual([.batchNorm(), .relu, he(16)])
    #expect(
      try applied([.repeat(5, [.dense(16), .batchNorm(), .relu]), .dense(1)]) == [
        he(16), .repeat(4, [branch]), .batchNorm(), .relu, .dense(1, initializer: .xavier()),
      ])
    let written = [.dense(16), .batchNorm(), .relu] as [Choice<Layers>]
    #expect(
      try applied(written + written + written + [.dense(1)]) == [
        he(16), branch, branch, .batchNorm(), .relu, .dense(1, initializer: .xavier()),
      ])
  }

  /// Blocks that stand already and are not normalised are made small, the others are left.
  @Test func scalesBranchesThatStand() throws {
    let norm: Choice<Layers> = .residual([.batchNorm(), .relu, .dense(16)])
    let model: [Choice<Layers>] = [
      .dense(16), .repeat(4, [.residual([.relu, .dense(16)])]), norm, .dense(1),
    ]
    let changed = try #require(try applied(model))
    #expect(
      changed[1]
        == .repeat(4, [.residual([.relu, .dense(16, initializer: .xavier(scale: 0.5))])]))
    #expect(changed[2] == .residual([.batchNorm(), .relu, .dense(16, initializer: .xavier())]))
    // Once is enough.
    let subject = try self.subject(changed)
    let twice = AddResiduals().applied(to: subject)
    #expect(twice == nil || twice?.model == changed)
  }

  /// 500 layers of batch norm and ReLU overflow backwards; with paths around them they train.
  @Test func endsTheGrowthOfBatchNorm() throws {
    let recipe = Recipe(
      data: .spirals(samples: 600, classes: 3),
      model: [.repeat(500, [.dense(16), .batchNorm(), .relu]), .dense(3)], initializer: .he(),
      loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.01),
      training: .init(epochs: 10, batch: 32))
    let subject = Problem(recipe, rows: try recipe.data.member.load(from: ".", seed: 0))
    #expect(try Trainer(Problem(recipe, rows: subject.rows)).train().verdict == .exploding)
    let changed = try #require(AddResiduals().applied(to: subject))
    let training = try Trainer(Problem(changed, rows: subject.rows)).train()
    print("add-residuals on 500 layers of batch norm: skill \(training.skill)")
    #expect(training.verdict == .healthy)
  }

  @Test func leavesOthersAlone() throws {
    #expect(try applied([.dense(16), .relu, .dense(8), .relu, .dense(1)]) == nil)
    #expect(try applied([.dense(16), .residual([.dense(16)]), .dense(16), .dense(1)]) == nil)
    #expect(try applied([.dense(1), .dense(1)]) == nil)
  }

  /// A hundred layers in a row no longer are, and the changed recipe trains.
  @Test(arguments: ExcessiveDepth.guilty) func endsExcessiveDepth(recipe: Recipe) throws {
    let subject = Problem(recipe, rows: try recipe.data.member.load(from: ".", seed: recipe.seed))
    let changed = try #require(AddResiduals().applied(to: subject))
    #expect(ExcessiveDepth.deviation(in: Evidence(subject)) != nil)
    #expect(ExcessiveDepth.deviation(in: Evidence(subject.with(changed))) == nil)
    let training = try Trainer(Problem(changed, rows: subject.rows)).train()
    print("| add-residuals on \(recipe.name) | \(training.verdict) | \(training.score) |")
    #expect(training.verdict == .healthy)
  }
}
