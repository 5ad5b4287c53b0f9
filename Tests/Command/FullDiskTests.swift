import Foundation
import Testing

/// A disk without room: the old file survives, nothing else is left, and the shell is told.
@Suite struct FullDiskTests {
  @Test func aModel() throws {
    let tool = try Tool()
    try tool.write("r.yaml", Sample.healthy.replacing("dense: 16", with: "dense: 512"))
    try tool.write("model", "old")
    let result = try tool.run("train", "r.yaml", "--save", "model", "--archive", "none", blocks: 1)
    #expect(result.code == 74)
    // What could not be kept is still told.
    #expect(result.out.contains("✓ healthy"))
    #expect(!result.out.contains("saved to"))
    #expect(
      result.err == "error: model: cannot be written (File too large); "
        + "make room, or choose a place that can be written\n")
    #expect(try tool.read("model") == "old")
    #expect(try tool.contents == ["model", "r.yaml"])
  }

  /// Told once, not at every attempt; the training goes on to its end.
  @Test func whileItTrains() throws {
    let tool = try Tool()
    try tool.write("r.yaml", Sample.healthy.replacing("dense: 16", with: "dense: 512"))
    try tool.write("model", "old")
    let result = try tool.run(
      ["train", "r.yaml", "--save", "model", "--save-every", "10", "--json", "--archive", "none"],
      blocks: 1)
    #expect(result.code == 74)
    #expect(
      result.err == "warning: model: cannot be written (File too large); "
        + "make room, or choose a place that can be written; the training goes on\n")
    let error = try #require(try result.json["error"] as? [String: Any])
    #expect(error["where"] as? String == "model")
    #expect(try tool.read("model") == "old")
    #expect(try tool.contents == ["model", "r.yaml"])
  }

  @Test func aCuredRecipe() throws {
    let tool = try Tool()
    try tool.write("r.yaml", Sample.exploding)
    let result = try tool.run(
      "cure", "r.yaml", "-o", "fixed.yaml", "--json", "--archive", "none", blocks: 0)
    #expect(result.code == 74)
    let error = try #require(try result.json["error"] as? [String: Any])
    #expect(error["where"] as? String == "fixed.yaml")
    #expect(error["what"] as? String == "cannot be written (File too large)")
    #expect(try tool.contents == ["r.yaml"])
  }

  /// No room for the archive: told once, and the training is none the worse.
  @Test func theArchive() throws {
    let tool = try Tool()
    try tool.write("r.yaml", Sample.healthy)
    let result = try tool.run("train", "r.yaml", blocks: 0)
    #expect(result.code == 0 && result.out.contains("✓ healthy"))
    #expect(result.err.hasPrefix("warning: ") && result.err.hasSuffix("the run is not kept\n"))
    #expect(result.err.contains(".keel") && result.err.split(separator: "\n").count == 1)
  }

  @Test(
    .enabled(if: FileManager.default.fileExists(atPath: "/dev/full")),
    arguments: [
      ["show", "r.yaml"], ["train", "r.yaml"], ["train", "r.yaml", "--json"], ["list"], ["--help"],
      ["show", "none.yaml", "--json"],
    ])
  func standardOutput(_ arguments: [String]) throws {
    let tool = try Tool()
    try tool.write("r.yaml", Sample.healthy)
    let result = try tool.run(arguments, output: "/dev/full")
    #expect(result.code == 74)
    #expect(
      result.err
        == "error: standard output: cannot be written (No space left on device); make room\n")
  }
}
