import Foundation
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import Testing

/// ZClip, beside the paper's formulas written out.
struct ClipByZScoreTests {
  private func window(_ z: Double = 2.5) -> any NormWindow {
    Choice<Clips>.zScore(z).member.window(steps: 1000)!
  }

  @Test(arguments: [0.5, 2.5]) func followsThePaper(z: Double) {
    let seed: UInt64 = 81
    var dice = Dice(seed: seed)
    let window = window(z)
    var warmup: [Double] = []
    var (mean, variance, acted) = (0.0, 0.0, 0)
    for step in 0..<300 {
      let norm = exp(dice.normal(0.3)) * (step % 40 == 39 ? 50 : 1)
      if step < 25 {
        #expect(window.bound(norm) == norm, "nothing is clipped while it warms up")
        warmup.append(norm)
        mean = warmup.reduce(0, +) / Double(warmup.count)
        variance = warmup.reduce(0) { $0 + pow($1 - mean, 2) } / Double(warmup.count)
      } else {
        let score = (norm - mean) / variance.squareRoot()
        let clipped = score > z ? mean + z * z / score * variance.squareRoot() : norm
        if score > z { acted += 1 }
        #expect(abs(window.bound(norm) / clipped - 1) < 1e-9, "seed \(seed), step \(step)")
        mean = 0.97 * mean + 0.03 * clipped
        variance = 0.97 * variance + 0.03 * pow(clipped - mean, 2)
      }
      window.admit(norm)
    }
    #expect(acted > 5)
  }

  /// A lower norm for a worse spike, never below the mean, never above mean + z·σ.
  @Test func theFurtherTheMore() {
    let window = window()
    for norm in ClipCase.calm { window.admit(norm) }
    let bounds = [2.0, 3, 10, 1e3, 1e30].map { window.bound($0) }
    #expect(bounds == bounds.sorted(by: >))
    #expect(bounds.first! < 1.7 && bounds.last! > 0.9)
    #expect(window.bound(1.2) == 1.2)
    for bound in bounds { #expect(window.bound(bound) == bound) }
  }

  @Test func infinityAndNaNCannotBlindIt() {
    let (clean, soiled) = (window(), window())
    for step in 0..<300 {
      if step % 7 == 0 {
        for bad in [Double.infinity, .nan, 1e300] { soiled.admit(bad) }
        #expect(soiled.bound(.infinity) == .infinity && soiled.bound(.nan).isNaN)
      }
      let norm = 1 + 0.3 * sin(Double(step))
      clean.admit(norm)
      soiled.admit(norm)
      #expect(soiled.bound(100) == clean.bound(100))
    }
    #expect(clean.bound(100) < 2)
    soiled.forget()
    #expect(soiled.bound(100) == 100)
  }

  /// Without a deviation nothing stands out; norms of 0 would otherwise make 0 the limit for good.
  @Test(arguments: [0.0, 1, 1e-30]) func equalNormsAreNoMeasure(norm: Double) {
    let window = window()
    for _ in 0..<50 { window.admit(norm) }
    #expect(window.bound(1e3) == 1e3)
  }
}
