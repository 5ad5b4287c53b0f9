import Foundation
import Testing

/// Ctrl-C: stops at a step boundary, and says how to go on.
@Suite(.serialized) struct InterruptTests {
  private func tool() throws -> Tool {
    let tool = try Tool()
    try tool.write("long.yaml", Sample.long)
    return tool
  }

  @Test func aTraining() throws {
    let tool = try tool()
    let result = try tool.interrupt(
      "train", "long.yaml", "--save", "model", "--seed", "3", "--archive", "none")
    #expect(result.code == 130)
    #expect(result.err.isEmpty)
    #expect(result.out.contains(", stopped on request  "))
    #expect(
      result.out.hasSuffix(
        """
        saved to model
        next
          keel train long.yaml --seed 3 --resume model  # go on where it stopped
          keel predict model NEW.csv  # use it

        """))
    #expect(try tool.contents == ["long.yaml", "model"])
  }

  /// However busy the machine is: a wish is kept until somebody looks.
  @Test func asSoonAsItListens() throws {
    let tool = try tool()
    for _ in 0..<8 {
      let result = try tool.signal(
        SIGINT, ["train", "long.yaml", "--archive", "none", "--quiet"], after: 0)
      #expect(result.code == 130)
    }
  }

  /// On from there, and stopped again: from the step it had come to.
  @Test func aTrainingThatWentOn() throws {
    let tool = try tool()
    let first = try tool.interrupt("train", "long.yaml", "--save", "model")
    #expect(first.out.contains(", stopped on request  "))
    let second = try tool.interrupt("train", "long.yaml", "--resume", "model")
    #expect(second.code == 130)
    #expect(second.out.contains(", resumed at step "))
    #expect(second.out.contains("saved to model\n"))
  }

  @Test func aTrainingInJSON() throws {
    let result = try tool().interrupt("train", "long.yaml", "--json")
    #expect(result.code == 130)
    let training = try result.json
    #expect(training["outcome"] as? String == "stopped")
    #expect(try #require(training["steps"] as? Int) > 0)
  }

  @Test func aCure() throws {
    let tool = try tool()
    let result = try tool.interrupt("cure", "long.yaml", "-o", "fixed.yaml")
    #expect(result.code == 130)
    #expect(result.out.isEmpty)
    #expect(
      result.err
        == "error: keel: interrupted; nothing was written; "
        + "type the same command again to begin anew\n")
    #expect(try tool.contents == ["long.yaml"])
  }

  /// What was found and tried by then is kept.
  @Test func aCureThatHasExploded() throws {
    let tool = try Tool()
    try tool.write("long.yaml", Sample.longExploding)
    let result = try tool.interrupt("cure", "long.yaml", "-o", "fixed.yaml")
    #expect(result.code == 130)
    #expect(result.out.contains("cause   large-learning-rate"))
    #expect(result.out.contains("interrupted; nothing was written"))
    #expect(try tool.contents == ["long.yaml"])
    let json = try tool.interrupt("cure", "long.yaml", "--json")
    #expect(json.code == 130)
    #expect(try json.json["outcome"] as? String == "interrupted")
  }

  @Test func aCureInJSON() throws {
    let result = try tool().interrupt("cure", "long.yaml", "--json")
    #expect(result.code == 130)
    let error = try #require(try result.json["error"] as? [String: Any])
    #expect(error["what"] as? String == "interrupted; nothing was written")
  }
}
