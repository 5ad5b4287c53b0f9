import Foundation
import KeelArchive
import KeelTraining
import Testing

/// Killed at any moment, a training with `--save` goes on from its file, and ends as if nothing had
/// been: the same file, bit for bit. `make survive` takes a hundred moments in place of five.
@Suite(.serialized) struct KillTests {
  private static let isWhole = ProcessInfo.processInfo.environment["KEEL_SURVIVE"] != nil

  /// Everything that a step depends on; about a second, with a save in every 25 steps.
  private static let recipe = """
    data: {spirals: {samples: 1000, classes: 3, noise: 0.1, test: 0.2}}
    model: [{dense: 32}, batch-norm, relu, {dropout: 0.2}, {residual: {layers: [{dense: 32}]}}, {dense: 3}]
    initializer: he
    loss: softmax-cross-entropy
    optimizer: {adam: 0.01}
    schedule: {warmup: {steps: 20, then: {plateau: {patience: 2}}}}
    clipping: [{percentile: 60}]
    training: {epochs: 100, batch: 48}
    """

  @Test(.timeLimit(.minutes(20))) func everyMomentIsSurvived() throws {
    let moments = Self.isWhole ? 100 : 5
    let seed =
      ProcessInfo.processInfo.environment["KEEL_SEED"].flatMap(UInt64.init)
      ?? .random(in: 0..<1_000_000)
    print("kill: \(moments) moments, KEEL_SEED=\(seed)")
    var random = Sequence(state: seed)
    let tool = try Tool()
    try tool.write("r.yaml", Self.recipe)
    let begin = ["train", "r.yaml", "--threads", "1", "--save", "model", "--save-every", "25"]
    let start = ContinuousClock.now
    #expect(try tool.run(begin).code == 0)
    // How long it takes; less, where the machine has had other work meanwhile.
    var whole = ContinuousClock.now - start
    let expected = try Data(contentsOf: URL(fileURLWithPath: "\(tool.folder)/model"))
    var (kills, unborn, halves) = (0, 0, 0)
    for moment in 0..<10 * moments where kills < moments {
      try FileManager.default.removeItem(atPath: "\(tool.folder)/model")
      // Once, or again while it goes on.
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let delay = whole * Double.random(in: 0...1, using: &random)
        if try tool.kill(after: delay, try arguments(tool)) {
          kills += 1
        } else {
          whole = min(whole, delay)
        }
        let left = try tool.contents
        halves += left.contains { $0.hasPrefix(".keel-") } ? 1 : 0
        unborn += left.contains("model") ? 0 : 1
        // Whatever was going on, what is there is whole.
        if left.contains("model") { _ = try CheckpointFile.read("\(tool.folder)/model") }
      }
      #expect(try tool.run(try arguments(tool)).code == 0)
      let result = try Data(contentsOf: URL(fileURLWithPath: "\(tool.folder)/model"))
      #expect(result == expected, "moment \(moment) of KEEL_SEED=\(seed)")
      #expect(try tool.contents == ["model", "r.yaml"])
    }
    print(
      "kill: \(kills) kills, \(unborn) before the first save, \(halves) in the middle of a save; "
        + "a training takes \(whole)")
    #expect(kills >= moments, "a kill that comes too late tests nothing")
  }

  private func arguments(_ tool: Tool) throws -> [String] {
    let isBegun = try tool.contents.contains("model")
    return ["train", "r.yaml", "--threads", "1", isBegun ? "--resume" : "--save", "model"]
      + ["--save-every", "25"]
  }

  /// SplitMix64.
  private struct Sequence: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return z ^ (z >> 31)
    }
  }
}
