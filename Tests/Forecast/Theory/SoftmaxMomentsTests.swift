import Foundation
import KeelForecast
import KeelTestSupport
import Testing

struct SoftmaxMomentsTests {
  /// Equal scores: 1/n, and 1/n − 2/n² + 1/n².
  @Test(arguments: [1, 2, 16, 1000]) func equalScores(keys: Int) {
    let sums = SoftmaxMoments(variance: 0, largest: keys).sums(over: keys)
    let n = Double(keys)
    #expect(abs(sums.square * n - 1) < 1e-3)
    #expect(abs(sums.slope - (1 / n - 1 / (n * n))) < 1e-3 / n)
  }

  /// What theory could not tell is no reason to stop.
  @Test(arguments: [Double.nan, -1, .infinity]) func varianceThatIsNone(_ variance: Double) {
    #expect(SoftmaxMoments(variance: variance, largest: 4).sums(over: 4).square.isFinite)
  }

  /// Against softmaxes of normal scores as they are drawn.
  @Test(arguments: [0.25, 1, 4, 16], [2, 16, 64]) func drawnScores(variance: Double, keys: Int) {
    var dice = Dice(seed: 12)
    var (square, slope) = (0.0, 0.0)
    let draws = 4000
    for _ in 0..<draws {
      let scores = (0..<keys).map { _ in exp(dice.normal(variance.squareRoot())) }
      let sum = scores.reduce(0, +)
      let p = scores.map { $0 / sum }
      let (two, three) = (p.reduce(0) { $0 + $1 * $1 }, p.reduce(0) { $0 + $1 * $1 * $1 })
      square += two / Double(draws)
      slope += (two - 2 * three + two * two) / Double(draws)
    }
    let sums = SoftmaxMoments(variance: variance, largest: keys).sums(over: keys)
    #expect(abs(sums.square / square - 1) < 0.05, "seed 12: drawn \(square)")
    #expect(abs(sums.slope / slope - 1) < 0.05, "seed 12: drawn \(slope)")
  }
}
