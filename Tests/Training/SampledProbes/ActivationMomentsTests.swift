import KeelData
import KeelEngine
import KeelRecipes
import KeelTraining
import Testing

struct ActivationMomentsTests {
  /// A bias far below zero: no unit of the layer is left.
  @Test func deadUnitsAreSeen() throws {
    let trainer = try Trainer(Problem(regression(rate: 0)))
    trainer.advance()
    var probe = ActivationMoments()
    func number(_ name: String, _ layer: String) -> Double? {
      probe.sample(trainer)?.first { $0.name == name && $0.layer == layer }?.value
    }
    let living = try #require(number("activation-zeros", "relu-1"))
    #expect(living > 0.1 && living < 0.9)
    #expect(try #require(number("activation-deviation", "relu-1")) > 0.1)
    try trainer.set([
      Tensor(name: "dense-1.bias", shape: Shape(32), values: .init(repeating: -1e6, count: 32))
    ])
    trainer.advance()
    #expect(number("activation-zeros", "relu-1") == 1)
    #expect(number("activation-deviation", "relu-1") == 0)
    #expect(number("activation-mean", "relu-1") == 0)
  }
}
