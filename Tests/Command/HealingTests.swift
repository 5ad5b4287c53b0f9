import Foundation
import Testing

/// `keel train --heal`: what a person and a machine are told of an explosion that was healed.
@Suite struct HealingTests {
  /// Trains well for 250 of its 480 steps, then the rate is multiplied by a thousand.
  private let jump = """
    data: {regression: {samples: 400, features: 8, noise: 0.1, test: 0.2}}
    model: [{dense: 16}, relu, {dense: 1}]
    initializer: he
    loss: mean-squared-error
    optimizer: {sgd: {learning-rate: 0.02}}
    schedule: {step: {every: 250, factor: 1000}}
    training: {epochs: 48, batch: 32}

    """

  private func tool() throws -> Tool {
    let tool = try Tool()
    try tool.write("jump.yaml", jump)
    return tool
  }

  @Test func aPage() throws {
    let tool = try tool()
    let result = try tool.run("train", "jump.yaml", "--heal", "--save", "model")
    #expect(result.code == 0)
    let lines = result.lines
    #expect(lines.allSatisfy { $0.count <= 100 })
    #expect(lines[2].hasPrefix("✓ healthy  480 steps in "))
    let start = try #require(lines.firstIndex(of: "healed  1 recovery"))
    #expect(lines[start + 1].hasPrefix("  step 25"))
    #expect(lines[start + 1].contains("; back to step 2"))
    #expect(lines[start + 1].hasSuffix(", with lower-learning-rate"))
    #expect(lines[start + 2] == "    - optimizer.sgd.learning-rate: 0.02")
    #expect(lines[start + 3].hasPrefix("    + optimizer.sgd.learning-rate: "))
    #expect(lines[start + 4] == "  the same from the start:")
    #expect(
      lines[start + 5].hasPrefix(
        "  keel train jump.yaml --set optimizer.sgd.learning-rate="))
    // What was kept is the healed training: there is nothing left to do, under the recipe as
    // written.
    let again = try tool.run("train", "jump.yaml", "--resume", "model", "--heal")
    #expect(again.code == 0)
    #expect(again.lines[2].hasSuffix(", resumed at step 480: nothing was left to do"))
    #expect(again.lines.contains("healed  1 recovery"))
  }

  /// Nothing on the way helps weights of 10²⁰: that is said, and not proposed again.
  @Test func whatCannotBeHealedIsSaid() throws {
    let tool = try Tool()
    try tool.write(
      "hot.yaml",
      """
      data: {teacher: {samples: 200, features: 8}}
      model: [{dense: 32}, relu, {dense: 32}, relu, {dense: 1}]
      initializer: {normal: 1e20}
      loss: mean-squared-error
      optimizer: {sgd: 0.01}
      training: {epochs: 5, batch: 16}
      """)
    let result = try tool.run("train", "hot.yaml", "--heal")
    #expect(result.code == 1)
    #expect(result.out.contains("not healed  no change was found"))
    #expect(result.out.contains("1 step in "))
    #expect(!result.out.contains("--heal"))
    #expect(try tool.run("train", "hot.yaml").out.contains("--heal"))
  }

  @Test func inJSON() throws {
    let result = try tool().run("train", "jump.yaml", "--heal", "--json")
    #expect(result.code == 0)
    let training = try result.json
    #expect(training["outcome"] as? String == "trained")
    #expect(training["explosion"] is NSNull)
    let recoveries = try #require(training["recoveries"] as? [[String: Any]])
    #expect(recoveries.count == 1)
    let recovery = recoveries[0]
    #expect(
      Set(recovery.keys) == [
        "step", "explosion", "rewoundTo", "remedy", "changes", "skipped", "rows",
      ])
    let changes = try #require(recovery["changes"] as? [[String: Any]])
    #expect(changes.map { $0["path"] as? String } == ["optimizer.sgd.learning-rate"])
  }

  @Test func withoutIt() throws {
    let result = try tool().run("train", "jump.yaml")
    #expect(result.code == 1)
    #expect(
      result.lines.contains("  keel train jump.yaml --heal  # go back to before it, and on"))
  }
}
