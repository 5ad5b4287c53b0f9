import Foundation
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import Testing

/// StableAdamW beside the paper's algorithm 2, written as it stands there, in Double.
struct StableAdamWTests {
  /// Two hundred steps, every twentieth with gradients a hundred times larger than before.
  @Test(arguments: [
    Choice<Optimizers>.stableAdamw(), .stableAdamw(learningRate: 0.01, weightDecay: 0.3),
    .stableAdamw(learningRate: 0.01, beta1: 0.8, beta2: 0.95, epsilon: 1e-2),
  ])
  func followsThePaper(_ choice: Choice<Optimizers>) throws {
    let seed: UInt64 = 51
    let settings = try #require(choice.ingredient as? StableAdamW)
    var dice = Dice(seed: seed)
    var tensor = Tensor(weights: dice.normals(700), optimizer: settings)
    var paper = Paper(settings, tensor.weights.map(Double.init))
    for step in 1...200 {
      let gradients = dice.normals(700, std: step % 20 == 0 ? 10 : 0.1)
      _ = tensor.update(gradients, scale: 1, learningRate: settings.learningRate, step: step)
      paper.update(gradients.map(Double.init), step: step)
      #expect(relativeError(tensor.weights, paper.theta) < 1e-5, "seed \(seed), step \(step)")
    }
    #expect(paper.slowed >= 10)
  }

  /// A surprise after a long calm: AdamW takes a whole step after it, this one a tenth.
  @Test func aSurpriseMakesNoLargeStep() {
    func step(_ choice: Choice<Optimizers>) -> Double {
      var tensor = Tensor(weights: [Float](repeating: 1, count: 64), optimizer: choice.member)
      let (calm, surprise) = ([Float](repeating: 1e-3, count: 64), [Float](repeating: 1, count: 64))
      for step in 1...100 { _ = tensor.update(calm, scale: 1, learningRate: 0, step: step) }
      let measure = tensor.update(surprise, scale: 1, learningRate: 0.01, step: 101)
      return (measure.updateSquares / 64).squareRoot()
    }
    #expect(step(.adamw(weightDecay: 0)) > 0.009)
    #expect(step(.stableAdamw(weightDecay: 0)) < 0.002)
  }

  /// 0/0 where nothing was ever seen: only with epsilon = 0, and only Adam's own.
  @Test func zeroGradientsAreNoSurprise() {
    var tensor = Tensor(weights: [1, 2, 3], optimizer: StableAdamW())
    let measure = tensor.update([0, 0, 0], scale: 1, learningRate: 0.1, step: 1)
    #expect(measure.nonFinite == 0)
    #expect(tensor.weights.allSatisfy { $0.isFinite })
  }

  private struct Paper {
    let settings: StableAdamW
    var theta: [Double]
    var v: [Double]
    var u: [Double]
    var slowed = 0

    init(_ settings: StableAdamW, _ theta: [Double]) {
      self.settings = settings
      self.theta = theta
      v = theta.map { _ in 0 }
      u = v
    }

    mutating func update(_ g: [Double], step t: Int) {
      func hat(_ beta: Double) -> Double {
        beta * (1 - pow(beta, Double(t - 1))) / (1 - pow(beta, Double(t)))
      }
      let (beta1, beta2) = (hat(settings.beta1), hat(settings.beta2))
      var sum = 0.0
      for i in g.indices {
        v[i] = beta1 * v[i] + (1 - beta1) * g[i]
        u[i] = beta2 * u[i] + (1 - beta2) * g[i] * g[i]
        sum += g[i] * g[i] / max(u[i], settings.epsilon * settings.epsilon)
      }
      let rms = (sum / Double(g.count)).squareRoot()
      if rms > 1 { slowed += 1 }
      let rate = settings.learningRate / max(1, rms)
      for i in g.indices {
        theta[i] -= rate * settings.weightDecay * theta[i]
        theta[i] -= rate * v[i] / (u[i].squareRoot() + settings.epsilon)
      }
    }
  }
}
