import KeelData
import KeelRecipes
import KeelTraining
import Testing

struct GradientExponentsTests {
  @Test func largestIsTheGradients() throws {
    let trainer = try Trainer(Problem(regression(rate: 0.01)))
    trainer.advance()
    var probe = GradientExponents()
    let samples = probe.sample(trainer) ?? []
    let values = try ["dense-2.weight", "dense-2.bias"].flatMap {
      try #require(trainer.gradient(of: $0)).values
    }
    let largest = try #require(values.map(abs).max())
    #expect(
      samples.first { $0.layer == "dense-2" && $0.name == "gradient-exponent" }?.value
        == Double(largest.exponent))
    #expect(
      samples.first { $0.layer == "dense-2" && $0.name == "gradient-below-float16" }?.value == 0)
  }

  /// Targets of 1e-12 and no inputs: the output's bias alone has a gradient, which float16 has not.
  @Test func whatHalfPrecisionLosesIsCounted() throws {
    var recipe = regression(rate: 0.01)
    recipe.initializer = .zeros
    let rows = try Examples(
      inputs: (0..<64).map { _ in .init(repeating: 0, count: 8) },
      targets: (0..<64).map { [Float($0) * 1e-12] })
    let trainer = try Trainer(Problem(recipe, train: rows))
    trainer.advance()
    var probe = GradientExponents()
    let sample = probe.sample(trainer)?.first {
      $0.layer == "dense-2" && $0.name == "gradient-below-float16"
    }
    #expect(sample?.value == 1)
  }
}
