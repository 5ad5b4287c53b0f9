import Foundation
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import KeelTraining
import Testing

/// Two hundred steps of every optimizer and schedule against PyTorch in double;
/// `Tests/Vectors/make_optimizers.py` made them.
struct OptimizerCurveTests {
  struct Curve: Decodable, CustomTestStringConvertible {
    let recipe: Recipe
    let rows: Int
    let features: Int
    let outputs: Int
    let parameters: [String: [Double]]
    let loss: Double
    let rates: [Double]?
    var testDescription: String { recipe.name }

    /// The same network and data as in the ten-step curves.
    var start: CurveTests.Curve {
      CurveTests.Curve(
        recipe: recipe, rows: rows, features: features, targets: "waves", outputs: outputs,
        losses: [], rates: [], parameters: [:], states: [:], output: [])
    }
  }

  private struct Vectors: Decodable { let curves: [Curve] }

  static let curves = (ReferenceVectors.read("optimizers.json") as Vectors?)?.curves ?? []

  @Test func everyOneIsThere() {
    let optimizers = Set(Self.curves.map(\.recipe.optimizer.name))
    let schedules = Set(Self.curves.map(\.recipe.schedule.name))
    #expect(optimizers == Set(Catalog.standard.types(of: Optimizers.self).map { $0.name }))
    #expect(schedules == Set(Catalog.standard.types(of: Schedules.self).map { $0.name }))
  }

  /// The issue asks for 1e-4; rounding alone makes 4e-6.
  @Test(arguments: curves)
  func followsPyTorch(_ curve: Curve) throws {
    let trainer = try Trainer(Problem(curve.recipe, train: curve.start.examples()))
    curve.start.initialize(trainer.trainingStep)
    _ = trainer.train()
    #expect(trainer.explosion == nil)
    #expect(trainer.step == 200)
    var (values, expected): ([Float], [Double]) = ([], [])
    for (name, parameter) in curve.parameters {
      let tensor = try #require(try trainer.network()[name])
      #expect(relativeError(tensor.values, parameter, floor: 0.1) < 1e-4, "\(name)")
      values += tensor.values
      expected += parameter
    }
    let error = relativeError(values, expected)
    print("200 steps of \(curve.recipe.name): \(error)")
    #expect(error < 1e-4)
    for (step, rate) in (curve.rates ?? []).enumerated() {
      #expect(abs(Double(trainer.trace.learningRates[step]) / rate - 1) < 1e-6, "step \(step)")
    }
  }
}
