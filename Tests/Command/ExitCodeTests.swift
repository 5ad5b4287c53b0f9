import Foundation
import Testing

/// What the shell is told, and what is left behind.
@Suite struct ExitCodeTests {
  private func tool() throws -> Tool {
    let tool = try Tool()
    try tool.write("healthy.yaml", Sample.healthy)
    try tool.write("exploding.yaml", Sample.exploding)
    try tool.write("stalled.yaml", Sample.stalled)
    try tool.write("bad.yaml", Sample.healthy + "\nsheduler: constant\n")
    try tool.write(
      "lost.yaml",
      Sample.healthy.replacing(
        "{spirals: {samples: 300, test: 0.2}}", with: "{csv: {file: lost.csv, target: y}}"))
    return tool
  }

  @Test(arguments: [
    ["train", "healthy.yaml"], ["train", "stalled.yaml"], ["cure", "healthy.yaml"],
    ["cure", "stalled.yaml"], ["show", "healthy.yaml"], ["show", "--template", "mlp"], ["list"],
    ["list", "losses"], ["--help"], ["train", "--help"], ["help", "cure"], [],
  ])
  func done(_ arguments: [String]) throws {
    let result = try tool().run(arguments)
    #expect(result.code == 0)
    #expect(result.err.isEmpty)
    #expect(!result.out.isEmpty)
  }

  /// What a shell or a manual reads has the lines that it was written with.
  @Test func whatProgramsReadIsNotBroken() throws {
    let help = try tool().run("--experimental-dump-help")
    #expect((try? JSONSerialization.jsonObject(with: Data(help.out.utf8))) != nil)
    let script = try tool().run("--generate-completion-script", "bash")
    #expect(script.code == 0 && script.out.split(separator: "\n").contains { $0.count > 80 })
  }

  @Test func exploding() throws {
    let result = try tool().run("train", "exploding.yaml")
    #expect(result.code == 1)
    #expect(result.err.isEmpty)
  }

  @Test func curedOrNot() throws {
    let tool = try tool()
    try tool.write(
      "hopeless.yaml",
      Sample.exploding.replacing(
        "initializer: he", with: "initializer: {constant: 3e38}"))
    for recipe in ["exploding.yaml", "hopeless.yaml"] {
      let result = try tool.run("cure", recipe, "--json")
      let outcome = try result.json["outcome"] as? String
      #expect(["cured", "incurable"].contains(outcome))
      #expect(result.code == (outcome == "cured" ? 0 : 1))
    }
    #expect(try tool.run("cure", "exploding.yaml").code == 0)
  }

  static let misuses: [(arguments: [String], message: String)] = [
    (["trian"], "Error: Unexpected argument 'trian'"),
    (["train"], "Error: Missing expected argument '<recipe>'"),
    (["train", "healthy.yaml", "--bogus"], "Error: Unknown option '--bogus'"),
    (["train", "healthy.yaml", "more.yaml"], "Error: Unexpected argument 'more.yaml'"),
    (
      ["train", "healthy.yaml", "--threads", "0"],
      "Error: --threads takes a number from 1 to 1024"
    ),
    (
      ["train", "healthy.yaml", "--threads", "many"],
      "Error: The value 'many' is invalid for '--threads <threads>'"
    ),
    (
      ["train", "healthy.yaml", "--seed", "-1"],
      "Error: The value '-1' is invalid for '--seed <seed>'"
    ),
    (
      ["cure", "healthy.yaml", "--budget", "-1"],
      "Error: --budget takes a number of trainings, 0 or more"
    ),
    (["train", "healthy.yaml", "--set"], "Error: Missing value for '--set <path=value>'"),
    (
      ["train", "healthy.yaml", "--set", "seed"],
      "error: --set seed: has no path and value; "
        + "write PATH=VALUE, such as optimizer.sgd.learning-rate=0.01"
    ),
    (["show"], "Error: name a recipe, or a --template; not both"),
    (
      ["show", "healthy.yaml", "--template", "mlp"],
      "Error: name a recipe, or a --template; not both"
    ),
    (
      ["list", "layer"],
      "error: layer: is not a family of the catalogue; choose one of: layers, activations, "
        + "initializers, losses, optimizers, schedules, clippings, regularizers, datasets, training, causes, remedies"
    ),
  ]

  @Test(arguments: misuses)
  func usage(_ arguments: [String], _ message: String) throws {
    let result = try tool().run(arguments)
    #expect(result.code == 64)
    #expect(result.out.isEmpty)
    #expect(result.err.split(separator: "\n").first.map(String.init) == message)
  }

  static let failures: [(arguments: [String], code: Int32, message: String)] = [
    (
      ["train", "bad.yaml"], 65,
      "error: recipe: 'sheduler' is not a setting; did you mean 'schedule'?\n  in bad.yaml:7:11\n"
    ),
    (
      ["cure", "healthy.yaml", "--set", "model[0].dense=0"], 65,
      "error: model[0].dense.units: 0 is out of range; write a whole number of at least 1\n"
        + "  in --set model[0].dense=0\n"
    ),
    (
      ["show", "none.yaml"], 66,
      "error: none.yaml: is not there; check the name of the recipe file\n"
    ),
    (
      ["train", "none.yaml"], 66,
      "error: none.yaml: is not there; check the name of the recipe file\n"
    ),
    (
      ["predict", "none", "none.csv"], 66,
      "error: none: is not there; write one with 'keel train RECIPE --save MODEL'\n"
    ),
    (["train", "."], 65, "error: .: is a folder; name a recipe file in it\n"),
    (
      ["train", "healthy.yaml", "--save", "no/model"], 74,
      "error: no/model: the folder FOLDER/no is not there; create it, or name another\n"
    ),
    (
      ["cure", "exploding.yaml", "-o", "no/fixed.yaml"], 74,
      "error: no/fixed.yaml: the folder FOLDER/no is not there; create it, or name another\n"
    ),
    (["cure", "exploding.yaml", "-o", "."], 74, "error: .: is a folder; name a file in it\n"),
  ]

  @Test(arguments: failures)
  func errors(_ arguments: [String], _ code: Int32, _ message: String) throws {
    let tool = try tool()
    let before = try tool.contents
    let result = try tool.run(arguments)
    #expect(result.code == code)
    #expect(result.out.isEmpty)
    #expect(result.err.replacing(tool.path, with: "FOLDER") == message)
    #expect(try tool.contents == before)
  }

  @Test func missingData() throws {
    let result = try tool().run("train", "lost.yaml")
    #expect(result.code == 66)
    #expect(result.err.hasPrefix("error: lost.csv: there is no such file; check the name"))
  }

  /// Where to write is checked before hours of training.
  @Test func aFolderThatIsNotThereIsFoundBeforeTraining() throws {
    let tool = try tool()
    try tool.write("long.yaml", Sample.long)
    #expect(try tool.run("train", "long.yaml", "--save", "no/model").code == 74)
    #expect(try tool.run("cure", "long.yaml", "-o", "no/fixed").code == 74)
  }

  /// A terminal must not obey what a recipe says.
  @Test func messagesHoldNoControlCharacters() throws {
    let tool = try tool()
    try tool.write("esc.yaml", Sample.healthy.replacing("relu", with: "\"re\\x1b[31mlu\""))
    let result = try tool.run("train", "esc.yaml")
    #expect(result.code == 65)
    #expect(result.err.hasPrefix("error: model[1]: 're\\u{1B}[31mlu' is not a layer; "))
  }
}
