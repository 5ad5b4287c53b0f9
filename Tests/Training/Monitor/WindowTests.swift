import Foundation
import KeelEngine
import KeelTraining
import Testing

struct WindowTests {
  /// 100 norms near 1, from a stated seed.
  private func filled() -> Window {
    var window = Window()
    var random = Random(seed: 5, stream: "window")
    for _ in 0..<100 { window.admit(1 + 0.1 * random.normal()) }
    return window
  }

  @Test func aSurgeIsSeen() {
    var window = filled()
    #expect(abs(window.score(1)) < 3)
    #expect(window.score(100) > Monitor.surge)
  }

  /// The infinity is an alarm, is not admitted, and the next surge is seen as before.
  @Test(arguments: [Double.infinity, .nan, -.infinity])
  func nothingBlindsIt(_ poison: Double) {
    var window = filled()
    let before = window.score(100)
    for _ in 0..<1000 {
      #expect(window.score(poison) == .infinity)
      window.admit(poison)
    }
    #expect(window.score(100) == before)
    #expect(abs(window.score(1)) < 3)
  }

  @Test func scoresBeforeItIsFullAreZero() {
    var window = Window()
    for _ in 0..<Window.least {
      #expect(window.score(1e9) == 0)
      window.admit(1)
    }
    #expect(window.score(1e9) > Monitor.surge)
  }

  /// The median of deviations against sorting, over many random windows.
  @Test func scoreIsMedianAndMAD() {
    var random = Random(seed: 17, stream: "mad")
    var window = Window()
    var past: [Double] = []
    for _ in 0..<500 {
      let value = pow(10, random.normal())
      if past.count >= Window.least {
        let recent = past.suffix(Window.capacity)
        let median = recent.median
        let mad = recent.map { abs($0 - median) }[...].median
        let expected = (log10(value) - median) / max(1.4826 * mad, Window.floor)
        #expect(abs(window.score(value) - expected) < 1e-9, "seed 17")
      }
      window.admit(value)
      past.append(log10(value))
    }
  }
}

extension ArraySlice<Double> {
  fileprivate var median: Double {
    let sorted = self.sorted()
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
  }
}

struct DivergenceTests {
  /// Losses of a run of 1,000 steps at batch 256, where B and L₀ are 1.
  private func findings(_ losses: [Float]) -> [Divergence.Finding] {
    var divergence = Divergence(scale: 1, batch: 256, total: 1000)
    return losses.indices.map { divergence.look(at: losses, step: $0) }
  }

  @Test func aShortExcursionIsAnAlarmOnly() {
    let losses = [Float](repeating: 1, count: 10) + [Float](repeating: 300, count: 49) + [1, 1]
    let found = findings(losses)
    #expect(found[10] == .alarm)
    #expect(!found.contains(.divergence))
    #expect(found.count { $0 == .alarm } == 1)
  }

  /// max(50 steps, 5 % of the run) after the first passing.
  @Test func aLongOneIsADivergence() {
    let found = findings([Float](repeating: 6, count: 60))
    #expect(found.firstIndex(of: .alarm) == 0)
    #expect(found.firstIndex(of: .divergence) == 50)
  }

  @Test func beyondEverythingItIsOneAtOnce() {
    #expect(findings([1, 2, 1.1e4]) == [.none, .none, .divergence])
  }

  /// At batch 32 the latest 8 steps are averaged: one bad batch is not a divergence.
  @Test func oneBatchIsNotEnough() {
    var divergence = Divergence(scale: 1, batch: 32, total: 1000)
    let losses: [Float] = Array(repeating: 1, count: 20) + [30] + Array(repeating: 1, count: 20)
    #expect(losses.indices.allSatisfy { divergence.look(at: losses, step: $0) == .none })
  }

  /// A skipped step leaves a NaN behind; the average goes on without it.
  @Test func aNaNDoesNotBlindIt() {
    let found = findings([1, .nan, 1, .infinity] + [Float](repeating: 7, count: 60))
    #expect(found.contains(.alarm))
    #expect(found.contains(.divergence))
  }
}
