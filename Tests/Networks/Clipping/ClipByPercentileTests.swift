import Foundation
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import Testing

/// AutoClip's percentile of all past norms.
struct ClipByPercentileTests {
  private func window(_ percentile: Double, steps: Int = 1000) -> any NormWindow {
    Choice<Clips>.percentile(percentile).member.window(steps: steps)!
  }

  /// By sorting, after every norm; many of them are equal.
  @Test(arguments: [0.0, 3, 10, 37.5, 50, 99, 100], [1, 1000]) func isExact(
    percentile: Double, kinds: Int
  ) {
    let seed: UInt64 = 71
    var dice = Dice(seed: seed)
    let window = window(percentile)
    var past: [Double] = []
    for _ in 0..<500 {
      let norm = Double(Float((dice.uniform(0.5, 2) * Double(kinds)).rounded() / Double(kinds)))
      if !past.isEmpty {
        let sorted = past.sorted()
        let place = percentile / 100 * Double(past.count - 1)
        let (below, above) = (sorted[Int(place)], sorted[min(Int(place) + 1, past.count - 1)])
        let limit = below + (place - place.rounded(.down)) * (above - below)
        #expect(abs(window.bound(1e9) / limit - 1) < 1e-12, "seed \(seed), \(past.count) norms")
        #expect(window.bound(norm) == min(norm, window.bound(1e9)))
      }
      window.admit(norm)
      past.append(norm)
    }
  }

  @Test func theFirstStepIsNotClipped() {
    let window = window(10)
    #expect(window.bound(1e30) == 1e30)
    window.admit(2)
    #expect(window.bound(1e30) == 2)
    window.forget()
    #expect(window.bound(1e30) == 1e30)
  }

  /// Scored, handed back, kept out.
  @Test func infinityAndNaNCannotBlindIt() {
    let (clean, soiled) = (window(60), window(60))
    for step in 0..<300 {
      if step % 7 == 0 {
        for bad in [Double.infinity, .nan, 1e300] { soiled.admit(bad) }
        #expect(soiled.bound(.infinity) == .infinity && soiled.bound(.nan).isNaN)
      }
      let norm = 1 + sin(Double(step))
      clean.admit(norm)
      soiled.admit(norm)
      #expect(soiled.bound(1e200) == clean.bound(1e200))
    }
    #expect(clean.bound(1e200) < 2)
  }

  /// Dead steps in the past must not end the training.
  @Test func aPercentileOfZeroIsNoLimit() {
    let window = window(10)
    for _ in 0..<20 { window.admit(0) }
    #expect(window.bound(3) == 3)
  }

  @Test func badSettings() {
    for percentile in ["-1", "100.5", "none", ".inf"] {
      var tree = Recipe(
        data: .spirals(), model: [.dense(3)], loss: .softmaxCrossEntropy, optimizer: .sgd(),
        clipping: [.percentile()], training: .init(epochs: 1, batch: 1)
      ).written
      #expect(throws: (any Error).self, "\(percentile)") {
        try tree.set("clipping.percentile.percentile", to: .scalar(percentile))
        _ = try Recipe(tree)
      }
    }
  }
}
