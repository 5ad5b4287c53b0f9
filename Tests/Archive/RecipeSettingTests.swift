import Foundation
import KeelArchive
import KeelAuthoring
import Testing

/// `--set PATH=VALUE`: where paths lead, and what they say where they lead nowhere.
@Suite struct RecipeSettingTests {
  static let text = """
    data: spirals
    model:
      - dense: {units: 4, initializer: {normal: {std: 2}}}
      - repeat: {times: 2, layers: [{dense: 6}, tanh]}
      - residual: {layers: [relu]}
      - dense: 3
    loss: softmax-cross-entropy
    optimizer: sgd
    training: {epochs: 1, batch: 20}
    """

  private func recipe(_ changes: String...) throws -> Recipe {
    let scratch = try Scratch()
    return try RecipeFile.read(try scratch.write("set.yaml", Self.text), setting: changes)
  }

  /// The lines of the printed recipe that a change touches.
  private func diff(_ changes: [String]) throws -> String {
    let plain = try recipe()
    return try RecipeFile.change(plain, setting: changes).diff(from: plain).map(\.description)
      .joined(separator: "\n")
  }

  @Test(arguments: [
    (["seed=7"], "- seed: 0\n+ seed: 7"),
    (
      ["optimizer.sgd.learning-rate=0.5"],
      "- optimizer.sgd.learning-rate: 0.01\n+ optimizer.sgd.learning-rate: 0.5"
    ),
    (
      ["model[1].repeat.layers[0].dense.units=8"],
      "- model[1].repeat.layers[0].dense.units: 6\n+ model[1].repeat.layers[0].dense.units: 8"
    ),
    (["model[1].repeat.times=9"], "- model[1].repeat.times: 2\n+ model[1].repeat.times: 9"),
    (
      ["model[0].dense.initializer.normal.std=1e-3"],
      "- model[0].dense.initializer.normal.std: 2\n"
        + "+ model[0].dense.initializer.normal.std: 0.001"
    ),
    // A bare form stands for the first setting, wherever it is written.
    (["model[3].dense=5"], "- model[3].dense.units: 3\n+ model[3].dense.units: 5"),
    (["data.spirals=90"], "- data.spirals.samples: 1000\n+ data.spirals.samples: 90"),
    // A setting the recipe does not print yet.
    (["input=[2]"], "+ input: [2]"),
    (
      ["model[3].dense.initializer=he"],
      "+ model[3].dense.initializer: he"
    ),
    (["training.max-steps=5"], "- training.max-steps: none\n+ training.max-steps: 5"),
    // Another ingredient, and then a setting of it.
    (
      ["schedule=step: 10"],
      "- schedule: constant\n+ schedule: {step: {every: 10}}"
    ),
    (
      ["clipping=global-norm: 1", "clipping.global-norm.limit=3"],
      "- clipping: none\n+ clipping: {global-norm: {limit: 3}}"
    ),
    (
      ["loss=huber", "loss.huber.delta=2"],
      "- loss: softmax-cross-entropy\n+ loss: {huber: {delta: 2}}"
    ),
    (
      ["model[2].residual.layers[0]=tanh"],
      "- model[2].residual.layers[0]: relu\n+ model[2].residual.layers[0]: tanh"
    ),
    // The last of two counts; the value may hold an equals sign.
    (["seed=1", "seed=2"], "- seed: 0\n+ seed: 2"),
    (
      ["data=csv: {file: a=b.csv, target: y}"],
      "- data: spirals\n+ data: {csv: {file: \"a=b.csv\", target: [\"y\"]}}"
    ),
  ])
  func changes(_ changes: [String], _ expected: String) throws {
    #expect(try diff(changes) == expected)
    // From the file, where bare forms are not written out yet, it comes to the same.
    let scratch = try Scratch()
    let path = try scratch.write("set.yaml", Self.text)
    #expect(
      try RecipeFile.read(path, setting: changes)
        == RecipeFile.change(RecipeFile.read(path), setting: changes))
  }

  @Test func aMissingRequiredSettingCanBeSet() throws {
    let scratch = try Scratch()
    let text = Self.text.replacingOccurrences(of: "batch: 20", with: "shuffle: true")
    let path = try scratch.write("set.yaml", text)
    #expect(try RecipeFile.read(path, setting: ["training.batch=7"]).training.batch == 7)
    #expect(throws: KeelError.self) { try RecipeFile.read(path) }
  }

  @Test(arguments: [
    (
      "x", KeelError.Kind.usage,
      "--set x: has no path and value; "
        + "write PATH=VALUE, such as optimizer.sgd.learning-rate=0.01"
    ),
    (
      "=3", .usage,
      "--set =3: has no path and value; "
        + "write PATH=VALUE, such as optimizer.sgd.learning-rate=0.01"
    ),
    ("seed=", .usage, "--set seed=: has no value; write PATH=VALUE"),
    ("seed=  ", .usage, "--set seed=  : has no value; write PATH=VALUE"),
    (
      "a..b=1", .usage,
      "a..b: is not a path; write keys and positions, such as model[1].dense.units"
    ),
    (
      "model[-1]=relu", .usage,
      "model[-1]: is not a path; write keys and positions, such as model[1].dense.units"
    ),
    (
      "model[0=relu", .usage,
      "model[0: is not a path; write keys and positions, such as model[1].dense.units"
    ),
    (
      "modle[0]=relu", .invalid,
      "modle[0]: 'modle' is not in this recipe; did you mean 'model'?"
    ),
    (
      "model[0].dens.units=3", .invalid,
      "model[0].dens.units: 'dens' is not in this recipe; did you mean 'dense'?"
    ),
    (
      "model[9].dense.units=1", .invalid,
      "model[9].dense.units: model has 4 elements, counted from 0; use a position from 0 to 3"
    ),
    (
      "model.dense=1", .invalid,
      "model.dense: model is a list here; write keys with '.', positions with '[0]'"
    ),
    (
      "clipping[0]={value: 1}", .invalid,
      "clipping[0]: clipping is 'none' here; write keys with '.', positions with '[0]'"
    ),
    (
      "training.maxsteps=5", .invalid,
      "training: 'maxsteps' is not a setting; did you mean 'max-steps'?"
    ),
    (
      "model[0]=dense:5", .invalid,
      "model[0]: 'dense:5' is not a layer; did you mean 'dense'?"
    ),
    (
      "training={epochs: 1}", .invalid,
      "training: 'batch' is missing; add 'batch: …' (rows a step)"
    ),
    (
      "seed=&a 3", .invalid,
      "--set seed=&a 3: has an anchor, which recipes do not allow; "
        + "write the value out, or quote it if it is a text"
    ),
    (
      "optimizer.sgd.learning-rate=nan", .invalid,
      "optimizer.sgd.learning-rate: nan is not a finite number; write a number of at least 0"
    ),
  ])
  func refuses(_ change: String, _ kind: KeelError.Kind, _ message: String) throws {
    let error = try failure { _ = try recipe(change) }
    #expect(error.description == message)
    #expect(error.kind == kind)
    #expect(error.source == nil || error.source == "--set \(change)")
  }
}
