import Foundation
import KeelAuthoring
import Testing

/// `--json`: one object on standard output, with every key the design promises.
@Suite struct JSONTests {
  private func tool() throws -> Tool {
    let tool = try Tool()
    try tool.write("healthy.yaml", Sample.healthy)
    try tool.write("exploding.yaml", Sample.exploding)
    try tool.write("stalled.yaml", Sample.stalled)
    try tool.write(
      "hopeless.yaml",
      Sample.exploding.replacing(
        "initializer: he", with: "initializer: {constant: 3e38}"))
    return tool
  }

  private func expectKeys(
    _ keys: String, of object: Any?, _ location: SourceLocation = #_sourceLocation
  ) throws -> [String: Any] {
    let object = try #require(object as? [String: Any], sourceLocation: location)
    let missing = Set(keys.split(separator: " ").map(String.init)).subtracting(object.keys)
    #expect(missing.isEmpty, sourceLocation: location)
    return object
  }

  /// A number, or the name of one that is not finite.
  private func expectNumber(
    _ value: Any?, _ location: SourceLocation = #_sourceLocation
  ) {
    let isNumber = value is NSNumber || ["NaN", "Infinity", "-Infinity"].contains(value as? String)
    #expect(isNumber, "\(String(describing: value))", sourceLocation: location)
  }

  private func expectTraining(_ object: Any?) throws -> [String: Any] {
    let training = try expectKeys(
      "outcome verdict steps loss skill score metric explosion recoveries seconds stepsPerSecond",
      of: object)
    #expect(["trained", "exploded", "stopped"].contains(training["outcome"] as? String))
    #expect(
      ["healthy", "exploding", "vanishing", "stalled"].contains(training["verdict"] as? String))
    for key in ["loss", "skill", "score", "seconds", "stepsPerSecond"] {
      expectNumber(training[key])
    }
    #expect(training["steps"] is Int)
    #expect(training["recoveries"] is [Any])
    if !(training["metric"] is NSNull) {
      let metric = try expectKeys("name train test", of: training["metric"])
      expectNumber(metric["train"])
    }
    if !(training["explosion"] is NSNull) {
      let explosion = try expectKeys("step where pass kind origin", of: training["explosion"])
      #expect(["forward", "backward", "update"].contains(explosion["pass"] as? String))
      #expect(["non-finite", "divergence"].contains(explosion["kind"] as? String))
      #expect(
        explosion["origin"] is NSNull
          || ["overflow", "invalid", "input"].contains(explosion["origin"] as? String))
    }
    return training
  }

  @Test func aHealthyTraining() throws {
    let result = try tool().run("train", "healthy.yaml", "--json")
    let training = try expectTraining(result.json)
    #expect(result.err.isEmpty)
    #expect(training["outcome"] as? String == "trained")
    #expect(training["verdict"] as? String == "healthy")
    #expect(training["steps"] as? Int == 160)
    #expect(training["explosion"] is NSNull)
    let metric = try #require(training["metric"] as? [String: Any])
    #expect(metric["name"] as? String == "accuracy")
    #expect(metric["test"] is NSNumber)
  }

  @Test func anExplodingTraining() throws {
    let training = try expectTraining(tool().run("train", "exploding.yaml", "--json").json)
    #expect(training["outcome"] as? String == "exploded")
    #expect(training["verdict"] as? String == "exploding")
    #expect(training["metric"] is NSNull)
    // Not finite: strings, never null.
    #expect(["Infinity", "NaN"].contains(training["loss"] as? String))
    #expect(training["skill"] as? String == "-Infinity")
    #expect(training["score"] as? String == "-Infinity")
    #expect((training["explosion"] as? [String: Any])?["kind"] as? String == "non-finite")
  }

  @Test func withoutATestPartItsMetricIsNull() throws {
    let result = try tool().run(
      "train", "healthy.yaml", "--json", "--set", "data.spirals.test=none")
    let metric = try expectTraining(result.json)["metric"] as? [String: Any]
    #expect(metric?["test"] is NSNull)
  }

  @Test(arguments: ["healthy", "stalled", "exploding", "hopeless"])
  func aCure(_ name: String) throws {
    let tool = try tool()
    let history = try expectKeys(
      "recipe outcome findings remedies trials before after cost",
      of: tool.run("cure", "\(name).yaml", "--json").json)
    let outcome = try #require(history["outcome"] as? String)
    let expected = [
      "healthy": ["healthy"], "stalled": ["cured"], "exploding": ["cured"],
      "hopeless": ["cured", "incurable"],
    ]
    #expect(expected[name]!.contains(outcome))
    _ = try expectTraining(history["before"])
    if outcome == "cured" {
      #expect(try expectTraining(history["after"])["verdict"] as? String == "healthy")
    } else if outcome != "incurable" {
      #expect(history["after"] is NSNull)
    }
    let cost = try expectKeys("steps relativeToOneTraining", of: history["cost"])
    #expect(try #require(cost["steps"] as? Int) > 0)
    for finding in try #require(history["findings"] as? [Any]) {
      let finding = try expectKeys("cause confidence kind where exhibits", of: finding)
      for exhibit in try #require(finding["exhibits"] as? [Any]) {
        let exhibit = try expectKeys(
          "quantity measured expected layer step command", of: exhibit)
        expectNumber(exhibit["measured"])
        expectNumber(exhibit["expected"])
      }
    }
    for trial in try #require(history["trials"] as? [Any]) {
      let trial = try expectKeys("remedies outcome steps loss score", of: trial)
      let outcomes = ["holds", "explodes", "does-not-learn", "undecided"]
      #expect(outcomes.contains(trial["outcome"] as? String ?? ""))
      try expectRemedies(trial["remedies"])
      expectNumber(trial["loss"])
      expectNumber(trial["score"])
    }
    try expectRemedies(history["remedies"])
    // The recipe in JSON is a recipe.
    let data = try JSONSerialization.data(withJSONObject: try #require(history["recipe"]))
    let recipe = try JSONDecoder().decode(Recipe.self, from: data)
    try tool.write("again.yaml", recipe.description)
    #expect(try tool.run("show", "again.yaml").out == recipe.description)
  }

  private func expectRemedies(_ value: Any?) throws {
    for remedy in try #require(value as? [Any]) {
      let remedy = try expectKeys("remedy changes", of: remedy)
      for change in try #require(remedy["changes"] as? [Any]) {
        _ = try expectKeys("path from to", of: change)
      }
    }
  }

  @Test func theCatalogue() throws {
    let families = try tool().run("list", "--json").json
    #expect(
      families.keys.sorted() == [
        "activations", "causes", "clippings", "datasets", "initializers", "layers", "losses",
        "optimizers", "regularizers", "remedies", "schedules", "training",
      ])
    for (_, entries) in families {
      for entry in try #require(entries as? [Any]) {
        let entry = try expectKeys("name settings", of: entry)
        for setting in try #require(entry["settings"] as? [Any]) {
          _ = try expectKeys("name default required", of: setting)
        }
      }
    }
    let one = try tool().run("list", "optimizers", "--json").json
    #expect(Array(one.keys) == ["optimizers"])
  }

  @Test func aRecipe() throws {
    let recipe = try tool().run("show", "--template", "mlp", "--seed", "5", "--json").json
    #expect(recipe["seed"] as? Int == 5)
    #expect((recipe["training"] as? [String: Any])?["max-steps"] as? String == "none")
  }

  @Test(
    arguments: [
      (
        ["train", "none.yaml"], 66, "none.yaml", "is not there", "check the name of the recipe file"
      ),
      (
        ["train", "healthy.yaml", "--set", "model[0].dense.wdith=3"], 65, "model[0].dense",
        "'wdith' is not a setting", "did you mean 'units'?"
      ),
      (
        ["train", "healthy.yaml", "--threads", "0"], 64, "keel",
        "--threads takes a number from 1 to 1024", "see 'keel --help'"
      ),
      (["train"], 64, "keel", "Missing expected argument '<recipe>'", "see 'keel --help'"),
      (
        ["cure"], 64, "keel",
        "give a recipe, or --engine with the command of a program that trains",
        "see 'keel --help'"
      ),
      (["list", "loss"], 64, "loss", "is not a family of the catalogue", nil),
      (["predict", "a", "b"], 66, "a", "is not there", nil),
      (
        ["cure", "healthy.yaml", "-o", "healthy.yaml/x"], 74, "healthy.yaml/x", nil,
        "create it, or name another"
      ),
    ] as [([String], Int32, String, String?, String?)])
  func errors(
    _ arguments: [String], _ code: Int32, _ place: String, _ what: String?, _ fix: String?
  ) throws {
    let result = try tool().run(arguments + ["--json"])
    #expect(result.code == code)
    #expect(result.err.isEmpty)
    let object = try result.json
    #expect(Array(object.keys) == ["error"])
    let error = try expectKeys("where what fix", of: object["error"])
    #expect(error["where"] as? String == place)
    if let what { #expect(error["what"] as? String == what) }
    if let fix { #expect(error["fix"] as? String == fix) }
  }
}
