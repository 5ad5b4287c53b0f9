import Foundation
import Testing

/// `--save` and `--resume`: what a person may ask for, and what they are told.
@Suite struct ResumeTests {
  private func tool(_ recipe: String = Sample.healthy) throws -> Tool {
    let tool = try Tool()
    try tool.write("r.yaml", recipe)
    return tool
  }

  /// Trains for 3 of 20 epochs, and keeps that.
  private func begun() throws -> Tool {
    let tool = try tool()
    let result = try tool.run(
      "train", "r.yaml", "--save", "model", "--set", "training.epochs=3")
    #expect(result.code == 0)
    return tool
  }

  private func bytes(_ tool: Tool, _ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: "\(tool.folder)/\(name)"))
  }

  /// It goes on, keeps itself in the same file, and is what it would have been.
  @Test func goesOn() throws {
    let tool = try begun()
    let result = try tool.run("train", "r.yaml", "--resume", "model")
    #expect(result.code == 0)
    #expect(result.lines[2].contains("136 steps in "))
    #expect(result.lines[2].hasSuffix(", resumed at step 24"))
    #expect(result.out.contains("saved to model\n"))
    #expect(try tool.run("train", "r.yaml", "--save", "whole").code == 0)
    #expect(try bytes(tool, "model") == bytes(tool, "whole"))
  }

  @Test func keepsElsewhereIfAsked() throws {
    let tool = try begun()
    let before = try bytes(tool, "model")
    let result = try tool.run("train", "r.yaml", "--resume", "model", "--save", "further")
    #expect(result.out.contains("saved to further\n"))
    #expect(try bytes(tool, "model") == before)
    #expect(try tool.contents == ["further", "model", "r.yaml"])
  }

  @Test func saysThatNothingIsLeft() throws {
    let tool = try tool()
    #expect(try tool.run("train", "r.yaml", "--save", "model").code == 0)
    let before = try bytes(tool, "model")
    let result = try tool.run("train", "r.yaml", "--resume", "model")
    #expect(result.code == 0)
    #expect(
      result.lines[2] == "✓ healthy  160 steps, resumed at step 160: nothing was left to do")
    #expect(try bytes(tool, "model") == before)
  }

  @Test func anotherRecipeIsRefused() throws {
    let tool = try begun()
    let before = try bytes(tool, "model")
    let result = try tool.run(
      "train", "r.yaml", "--resume", "model", "--set", "model[0].dense.units=8")
    #expect(result.code == 65)
    #expect(result.out.isEmpty)
    #expect(
      result.err
        == "error: model: belongs to another recipe: model[0].dense.units 16 → 8; "
        + "dense-1.weight has shape [16 × 2], this recipe's network [8 × 2]; "
        + "dense-1.bias has shape [16], this recipe's network [8]; "
        + "dense-2.weight has shape [3 × 16], this recipe's network [3 × 8]; "
        + "go on with the recipe it was begun with, or train from the start\n")
    #expect(try bytes(tool, "model") == before)
  }

  @Test func whatIsNotThereIsMissing() throws {
    let result = try tool().run("train", "r.yaml", "--resume", "none")
    #expect(result.code == 66)
    #expect(
      result.err
        == "error: none: is not there; write one with 'keel train RECIPE --save MODEL'\n")
  }

  @Test func aDamagedFileIsRefusedAndStays() throws {
    let tool = try begun()
    var damaged = try bytes(tool, "model")
    damaged[damaged.count / 2] ^= 4
    try tool.write("model", damaged)
    let result = try tool.run("train", "r.yaml", "--resume", "model", "--json")
    #expect(result.code == 65)
    let error = try #require(try result.json["error"] as? [String: Any])
    #expect(error["where"] as? String == "model")
    #expect(try bytes(tool, "model") == damaged)
  }

  @Test(arguments: [
    ["--save-every", "10"], ["--save", "m", "--save-every", "0"],
  ])
  func usage(_ arguments: [String]) throws {
    #expect(try tool().run(["train", "r.yaml"] + arguments).code == 64)
  }

  // MARK: explosions

  /// Trains well for 30 of its 140 steps, then the rate is multiplied by a million.
  private let exploding =
    Sample.exploding
    .replacingOccurrences(of: "learning-rate: 10}", with: "learning-rate: 0.01}")
    + "\nschedule: {step: {every: 30, factor: 1e6}}\n"

  /// Of a training that explodes the state before is kept, and goes on to explode again.
  @Test func anExplosionIsNotKept() throws {
    let tool = try tool(exploding)
    let result = try tool.run("train", "r.yaml", "--save", "model")
    #expect(result.code == 1)
    #expect(result.out.contains("saved to model as it was at step "))
    let again = try tool.run("train", "r.yaml", "--resume", "model")
    #expect(again.code == 1)
    #expect(again.lines[2] == result.lines[2], "explodes in the same step")
  }

  /// The update of step 40 throws the weights away, finite, and the snapshot after it holds that:
  /// what was kept before stays.
  @Test func aWreckedStateIsNotKept() throws {
    let tool = try tool(
      exploding.replacing("every: 30, factor: 1e6", with: "every: 40, factor: 1e20"))
    let result = try tool.run("train", "r.yaml", "--save", "model", "--save-every", "5")
    #expect(result.code == 1)
    #expect(result.out.contains("saved to model as it was at step 40\n"))
    let again = try tool.run("train", "r.yaml", "--resume", "model")
    #expect(again.lines[2] == result.lines[2], "explodes in the same step")
  }

  /// A model that another training left there is not given up for that.
  @Test func anotherTrainingsModelStays() throws {
    let tool = try tool(exploding)
    try tool.write("model", "good")
    let result = try tool.run("train", "r.yaml", "--save", "model")
    #expect(result.code == 1)
    #expect(result.out.contains("model was left as it was: this training had not written it\n"))
    #expect(try tool.read("model") == "good")
  }

  /// Lost at once: there is nothing worth keeping.
  @Test func anUntrainedNetworkIsNotKept() throws {
    let tool = try tool(
      Sample.exploding.replacing("initializer: he", with: "initializer: {constant: 3e38}"))
    let result = try tool.run("train", "r.yaml", "--save", "model")
    #expect(result.code == 1)
    #expect(result.out.contains("model was not written: nothing was learnt before the explosion\n"))
    #expect(try tool.contents == ["r.yaml"])
  }
}
