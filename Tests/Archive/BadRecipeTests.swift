import KeelArchive
import KeelAuthoring
import Testing

/// Recipes that read as YAML and cannot be used: each with its message, word for word.
@Suite struct BadRecipeTests {
  /// A line of a recipe in place of the sound one, or beside it, and what is said about it.
  static let lines: [(key: String, value: String?, message: String)] = [
    // Names.
    (
      "model", "[{dense: 4}, relu, {dense: 8}, {dense: {wdith: 3}}]",
      "model[3].dense: 'wdith' is not a setting; did you mean 'units'?"
    ),
    (
      "sheduler", "constant",
      "recipe: 'sheduler' is not a setting; did you mean 'schedule'?"
    ),
    ("Seed", "3", "recipe: 'Seed' is not a setting; did you mean 'seed'?"),
    (
      "<<", "{seed: 3}",
      "recipe: '<<' is not a setting; choose one of: name, seed, data, input, standardize, model, "
        + "initializer, initial, loss, optimizer, schedule, clipping, regularizer, training"
    ),
    ("model", "[{dense: 4}, relu6]", "model[1]: 'relu6' is not a layer; did you mean 'relu'?"),
    ("optimizer", "adm", "optimizer: 'adm' is not an optimizer; did you mean 'adam'?"),
    (
      "optimizer", "{sgd: {learning_rate: 0.1}}",
      "optimizer.sgd: 'learning_rate' is not a setting; did you mean 'learning-rate'?"
    ),
    (
      "loss", "relu",
      "loss: 'relu' is not a loss; choose one of: binary-cross-entropy, cross-entropy, huber, "
        + "mean-absolute-error, mean-squared-error, poisson, sigmoid-cross-entropy, "
        + "softmax-cross-entropy"
    ),
    (
      "clipping", "{globalnorm: 1}",
      "clipping: 'globalnorm' is not a clipping; did you mean 'global-norm'?"
    ),
    (
      "schedule", "{warmup: {steps: 5, then: cosin}}",
      "schedule.warmup.then: 'cosin' is not a schedule; did you mean 'cosine'?"
    ),
    (
      "standardize", "input",
      "standardize: 'input' is not a choice here; write one of: none, inputs, targets, both"
    ),
    (
      "model", "[{relu: {slope: 1}}]",
      "model[0].relu: 'slope' is not a setting; nothing can be set here"
    ),
    ("model", "[{relu: 3}]", "model[0].relu: takes no settings; write the name alone"),
    // Something missing.
    ("data", nil, "recipe: 'data' is missing; add 'data: …' (where the rows come from)"),
    ("model", nil, "recipe: 'model' is missing; add 'model: …' (the layers, in order)"),
    ("loss", nil, "recipe: 'loss' is missing; add 'loss: …' (what training makes small)"),
    (
      "optimizer", nil,
      "recipe: 'optimizer' is missing; add 'optimizer: …' (how a gradient becomes a step)"
    ),
    (
      "training", nil,
      "recipe: 'training' is missing; add 'training: …' (how long, and in what batches)"
    ),
    (
      "training", "{batch: 3}",
      "training: 'epochs' is missing; add 'epochs: …' (times through the training part)"
    ),
    (
      "training", "{epochs: 3}", "training: 'batch' is missing; add 'batch: …' (rows a step)"
    ),
    ("model", "[dense]", "model[0].dense: 'units' is missing; add 'units: …' (outputs)"),
    ("model", "[{dense: }]", "model[0].dense: 'units' is missing; add 'units: …' (outputs)"),
    (
      "data", "{csv: {file: a.csv}}",
      "data.csv: 'target' is missing; "
        + "add 'target: …' (columns to learn; \"y*\": all that begin with y)"
    ),
    // The wrong kind of thing.
    ("model", "[]", "model: holds no layers; add at least one, such as '- dense: 10'"),
    ("model", "", "model: expected a list, found ''; write a list: [a, b]"),
    ("model", "{dense: 3}", "model: expected a list, found a mapping; write a list: [a, b]"),
    (
      "model", "[{relu: , tanh: }]",
      "model[0]: expected one layer, found a mapping; write a name, or {name: {setting: value}}"
    ),
    (
      "model", "[{repeat: {times: 2, layers: []}}]",
      "model[0].repeat: holds no layers; add at least one, such as '- dense: 10'"
    ),
    (
      "training", "3",
      "training: expected settings, found '3'; write {epochs: 10, batch: 32}"
    ),
    ("name", "[a]", "name: expected a text, found a list; write a text"),
    ("name", "\"\"", "name: expected a text, found ''; write a text"),
    (
      "data", "{csv: {file: a.csv, target: []}}",
      "data.csv.target: names no column; name the column to learn, or several: [y0, y1]"
    ),
    // Rules between settings.
    (
      "optimizer", "{sgd: {nesterov: true}}",
      "optimizer.sgd: nesterov looks ahead along the momentum, which is 0; "
        + "set momentum, such as 0.9, or leave nesterov out"
    ),
    (
      "model", "[{repeat: {times: 1000, layers: [{repeat: {times: 1000, layers: [relu]}}]}}]",
      "model: has more than 10000 layers once repeats are expanded; repeat fewer times"
    ),
    (
      "model",
      "[{repeat: {times: 99999999999, layers: [{repeat: {times: 99999999999, layers: [relu]}}]}}]",
      "model: has more than 10000 layers once repeats are expanded; repeat fewer times"
    ),
  ]

  @Test(arguments: lines)
  func refuses(_ key: String, _ value: String?, _ message: String) throws {
    let error = try failure { _ = try Draft.plain.with(key, value).recipe() }
    #expect(error.description == message)
    #expect(error.kind == .invalid)
    #expect(error.source?.hasPrefix("draft.yaml:") == true)
  }

  @Test func anErrorSaysWhereItStands() throws {
    let scratch = try Scratch()
    let path = try scratch.write(
      "bad.yaml", "data: spirals\nmodel:\n  - relu\n  - dense:\n      units: many\n")
    #expect(try failure { _ = try RecipeFile.read(path) }.source == "bad.yaml:5:14")
  }
}
