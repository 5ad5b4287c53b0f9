import Foundation
import KeelFrameworks
import KeelRecipes
import KeelRemedies
import KeelSettings
import KeelTestSupport
import Testing

/// Lines for what a program's own operations and loss are asked for, and the guides that show them.
struct PatchOwnTests {
  struct Example: CustomTestStringConvertible, Sendable {
    let guide: String
    let old, new: Recipe
    var testDescription: String { guide }
  }

  private static func own(
    _ model: (inout OwnModel) -> Void = { _ in }, _ loss: (inout OwnLoss) -> Void = { _ in }
  ) -> Recipe {
    var (network, measure) = (OwnModel(), OwnLoss())
    model(&network)
    loss(&measure)
    return Recipe(
      data: Choice(OwnData()), model: [Choice(network)], initializer: Choice(OwnInitializer()),
      loss: Choice(measure), optimizer: .sgd(learningRate: 0.01),
      training: .init(epochs: 1, batch: 8))
  }

  static let examples = [
    Example(
      guide: "ScaleLoss", old: own({ $0.precision = .float16 }),
      new: own({ $0.precision = .float16 }, { $0.scale = .dynamic })),
    Example(guide: "AverageLoss", old: own({ _ in }, { $0.reduction = .sum }), new: own()),
    Example(guide: "AverageLoss", old: own(), new: own({ _ in }, { $0.emptyMeans = .zero })),
    Example(guide: "BoundExponent", old: own(), new: own({ $0.exponents = .bounded })),
    Example(guide: "BoundExponent", old: own(), new: own({ $0.attentionLogits = .bounded })),
    Example(guide: "BoundExponent", old: own(), new: own({ $0.domains = .bounded })),
    Example(guide: "", old: own({ $0.precision = .float16 }), new: own()),
  ]

  @Test(arguments: examples, ExportTarget.allCases)
  func everyChangeHasALine(_ example: Example, _ framework: ExportTarget) throws {
    let lines = Patch(framework, from: example.old, to: example.new).lines
    #expect(!lines.isEmpty && !lines.contains { $0.contains("there is no line") }, "\(lines)")
    guard !example.guide.isEmpty else { return }
    let guide = try String(
      contentsOfFile: Checkout.path("Guides/Remedies/\(example.guide).md"), encoding: .utf8)
    for line in lines { #expect(guide.contains(line), "\(line)") }
  }

  /// A program's decay is its optimizer's, and no term of its loss.
  @Test(arguments: ExportTarget.allCases, [(0.05, 0.0), (0.0, 0.01), (1e-4, 1e-4)])
  func aDecayIsTheOptimizers(_ framework: ExportTarget, _ decays: (Double, Double)) {
    func decayed(_ decay: Double, rate: Double) -> Recipe {
      var recipe = Self.own()
      recipe.optimizer = .sgd(learningRate: rate)
      if decay > 0 { recipe.regularizer = [.l2(decay / 2)] }
      return recipe
    }
    let lines = Patch(
      framework, from: decayed(decays.0, rate: 0.1), to: decayed(decays.1, rate: 0.01)
    ).lines
    #expect(lines.contains { $0.hasPrefix("optimizer = ") })
    #expect(
      lines.contains { $0.contains("weight_decay=\(decays.1)") } == (decays.1 > 0), "\(lines)")
    #expect(!lines.contains { $0.contains("loss") || $0.contains("regularizer") })
  }

  @Test func normalizationIsAHookBehindEachLayer() {
    let lines = Patch(
      .pytorch, from: Self.own(), to: Self.own({ $0.normalization = .layer })
    ).lines
    #expect(lines.contains { $0.contains("register_forward_hook") })
    #expect(!lines.contains { $0.contains("there is no line") })
  }

  /// What stays as it is has none.
  @Test(arguments: ExportTarget.allCases)
  func whatStaysHasNone(_ framework: ExportTarget) {
    for example in Self.examples {
      #expect(Patch(framework, from: example.new, to: example.new).lines.isEmpty)
    }
  }
}
