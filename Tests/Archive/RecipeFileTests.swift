import Foundation
import KeelArchive
import KeelAuthoring
import Testing

/// What is printed reads back as what was printed.
@Suite struct RecipeFileTests {
  /// Every name of the catalogue, every setting of it away from its default.
  static let variants: [(key: String, lines: [String])] = [
    (
      "model",
      [
        "{batch-norm: {momentum: 0.25, epsilon: 0.001}}",
        "{dense: {units: 7, activation: {elu: 0.5}, initializer: {normal: {std: 2}}, bias: false, "
          + "bias-initializer: {constant: -1e-3}}}",
        "{attention: {heads: 2, causal: true, normalize: true}}",
        "{average-pool2d: {size: 3, stride: 1, padding: same}}",
        "{conv2d: {filters: 4, kernel: 2, stride: 3, padding: same, dilation: 2, groups: 2, "
          + "activation: tanh, initializer: he, bias: false, bias-initializer: {constant: 2}}}",
        "{dropout: {rate: 0.125}}", "{embedding: {tokens: 5, units: 6, positions: true}}",
        "flatten", "global-average-pool2d",
        "{gru: {units: 4, return: sequence, initializer: he, recurrent-initializer: identity, "
          + "truncate: 3}}",
        "{layer-norm: {epsilon: 1e-3}}",
        "{lstm: {units: 4, return: sequence, initializer: he, recurrent-initializer: identity, "
          + "truncate: 3}}",
        "{max-pool2d: {size: 5, stride: 4, padding: 2}}",
        "{recurrent: {units: 4, return: sequence, initializer: he, "
          + "recurrent-initializer: identity, truncate: 3, activation: relu}}",
        "{group-norm: {groups: 4, epsilon: 0.1}}", "{rms-norm: {epsilon: 1e-3}}",
        "{repeat: {times: 2, layers: [{repeat: {times: 3, layers: [{dense: 4}, tanh]}}]}}",
        "{residual: {layers: [{dense: 4}, {prelu: 0.5}], shortcut: projection, stride: 2}}",
        "{elu: {alpha: 0.3}}", "exponential",
        "gelu", "hard-tanh", "{leaky-relu: {slope: 0.3}}", "linear", "{prelu: {slope: 0.1}}",
        "relu", "selu", "silu", "sigmoid", "softmax", "{softplus: {beta: 3}}", "tanh",
      ]
    ),
    (
      "initializer",
      [
        "{constant: {value: 3.5}}", "{he: {distribution: uniform, mode: fan-out, scale: 0.1}}",
        "identity", "{lecun: {distribution: uniform, mode: fan-average, scale: 7}}", "lsuv",
        "pytorch",
        "{normal: {std: 0.02, mean: -1}}", "{orthogonal: {gain: 1.4142135623730951}}",
        "{truncated-normal: {std: 1e-7, mean: 1e7}}", "{uniform: {limit: 0.3333333333333333}}",
        "{xavier: {distribution: uniform, mode: fan-in, scale: 3e38}}", "zeros",
      ]
    ),
    (
      "loss",
      [
        "binary-cross-entropy", "cross-entropy", "{huber: {delta: 0.7}}", "mean-absolute-error",
        "mean-squared-error", "poisson", "sigmoid-cross-entropy", "softmax-cross-entropy",
      ]
    ),
    (
      "optimizer",
      [
        "{adadelta: {learning-rate: 0.5, rho: 0.8, epsilon: 1e-5}}",
        "{adagrad: {learning-rate: 0.2, epsilon: 1e-9, initial-accumulator: 0.1}}",
        "{adam: {learning-rate: 1e-5, beta1: 0.8, beta2: 0.99, epsilon: 1e-7}}",
        "{adamw: {learning-rate: 0.3, beta1: 0, beta2: 0.5, epsilon: 1, weight-decay: 0.2}}",
        "{rmsprop: {learning-rate: 4, rho: 0.9, epsilon: 0.125}}",
        "{sgd: {learning-rate: 0, momentum: 0.9, nesterov: true}}",
        "{stable-adamw: {learning-rate: 0.3, beta1: 0.7, beta2: 0.5, epsilon: 1, weight-decay: 0}}",
      ]
    ),
    (
      "schedule",
      [
        "constant", "{cosine: {steps: 100, minimum: 1e-6}}", "{exponential: {factor: 0.999}}",
        "{inverse-time: {decay: 0.01}}", "{plateau: {patience: 3, factor: 0.5}}",
        "{step: {every: 3, factor: 0.5}}",
        "{warmup: {steps: 5, then: {warmup: {steps: 2, then: {cosine: {minimum: 1}}}}}}",
      ]
    ),
    (
      "clipping",
      [
        "{adaptive: {ratio: 0.05}}", "{global-norm: {limit: 5}}", "{norm: {limit: 0.1}}",
        "{percentile: {percentile: 50}}", "{value: {limit: 1e30}}", "{z-score: {z: 3}}",
      ]
    ),
    (
      "regularizer",
      [
        "{elastic-net: {l1: 0.1, l2: 0.2}}", "{l1: {lambda: 0.3}}", "{l2: {lambda: 1e-4}}",
        "{max-norm: {limit: 3}}",
      ]
    ),
    (
      "data",
      [
        "{adding-problem: {length: 5, samples: 10, test: 0.25}}",
        "{copy-memory: {length: 5, samples: 10, symbols: 3, span: 2, test: 0.25}}",
        "{teacher: {samples: 10, features: 3, units: 4, layers: 3, activation: relu, noise: 0.5, "
          + "test: 0.25}}",
        "{temporal-order: {length: 20, samples: 10, test: 0.25}}",
        "{text: {file: \"a b.txt\", length: 32, test: 0.25}}",
        "{blobs: {samples: 10, classes: 4, features: 3, spread: 0.5, test: 0.25}}",
        "{circles: {samples: 11, noise: 0, factor: 0.25, test: 4}}",
        "{csv: {file: ../a b/ü.csv, target: [\"y*\", yes, \"1\"], test: 1}}",
        "{idx: {images: i.gz, labels: \"l: #.gz\", divide: 255, test: 2000}}",
        "{moons: {samples: 12, noise: 0.3, test: 0.5}}",
        "{regression: {samples: 13, features: 1, noise: 2, scale: 5, test: 3, outliers: 1, outlier-scale: 7}}",
        "{spirals: {samples: 14, classes: 2, noise: 1.5, test: 0.1}}",
      ]
    ),
  ]

  static var lines: [(String, String)] {
    variants.flatMap { key, lines in lines.map { (key, key == "model" ? "[\($0)]" : $0) } }
  }

  private func recipe(_ text: String) throws -> Recipe {
    try Recipe(RecipeFile.settings(yaml: text, named: "test"))
  }

  /// What is left out in a brief setting is what the reader puts there again.
  @Test(arguments: lines)
  func briefSettingsReadBackAsTheSame(_ key: String, _ line: String) throws {
    let recipe = try Draft.plain.with(key, line).recipe()
    let brief = try #require(recipe.written[key]).brief().line
    #expect(try Draft.plain.with(key, brief).recipe() == recipe)
  }

  @Test func theVariantsNameTheWholeCatalogue() {
    func name(_ line: String) -> String {
      String(line.drop { $0 == "{" }.prefix { $0 != ":" })
    }
    // Rows that a program gives are none of a file's.
    let named = Self.variants.flatMap { $0.lines.map(name) } + ["memory"]
    #expect(named.sorted() == Catalog.standard.types.map { $0.name }.sorted())
  }

  @Test(arguments: lines)
  func printedRecipeIsTheSameRecipe(_ key: String, _ line: String) throws {
    let recipe = try Draft.plain.with(key, line).recipe()
    let again = try self.recipe(recipe.description)
    #expect(again == recipe)
    #expect(again.description == recipe.description)
  }

  @Test(arguments: lines)
  func recipeInJSONIsTheSameRecipe(_ key: String, _ line: String) throws {
    let recipe = try Draft.plain.with(key, line).recipe()
    let data = try JSONEncoder().encode(recipe)
    #expect(try JSONDecoder().decode(Recipe.self, from: data) == recipe)
  }

  /// A variant that left a setting at its default would hide a setting that is not printed.
  @Test func theVariantsLeaveNoDefault() throws {
    for (key, lines) in Self.variants {
      for line in lines where line.hasPrefix("{") {
        let written = try RecipeFile.settings(yaml: line, named: "variant")
        let name = try #require(line.drop { $0 == "{" }.split(separator: ":").first)
        for type in Catalog.standard.types where type.name == name {
          try expectNoDefault(type, written[String(name)], key)
        }
      }
    }
  }

  private func expectNoDefault<I: Ingredient>(
    _ type: I.Type, _ written: Settings?, _ key: String
  ) throws {
    for field in I.fields {
      let value = try #require(written?[field.name], "\(I.name).\(field.name)")
      if !field.isRequired { #expect(value != field.written(I()), "\(I.name).\(field.name)") }
    }
  }

  @Test(arguments: [
    "yes", "no", "on", "Off", "true", "null", "~", "none", "1:30", "0x10", "1_000", "1e3", "-",
    "- a",
    "no: #x", "a #b", "#", "&a", "*a", "!a", "%a", "@a", "`a", "|", ">", "?", "? a", "a: b", "[",
    "]",
    "{}", ",", "\"", "'", "it's", "\\", "\\n", "a\nb", "\r\n", "\t", " a ", "\u{1B}[31m", "Größe",
    "名前", "🙂", "é", "e\u{301}", "---", "...", "<<", "=", ".", ".inf", "NaN", "nan", "012", "+1",
    "2024-01-01", "a.b-c_d/e",
  ])
  func anyNameSurvives(_ name: String) throws {
    var recipe = try Draft.plain.recipe()
    recipe.name = name
    let again = try self.recipe(recipe.description)
    #expect(Array(again.name.unicodeScalars) == Array(name.unicodeScalars))
    let json = try JSONDecoder().decode(Recipe.self, from: JSONEncoder().encode(recipe))
    #expect(Array(json.name.unicodeScalars) == Array(name.unicodeScalars))
  }

  @Test func printedRecipeHidesNoDefault() throws {
    #expect(
      try Draft.plain.recipe().description == """
        name: recipe
        seed: 0
        data: {spirals: {samples: 60, classes: 3, noise: 0.1, test: none}}
        standardize: none
        model:
          - {dense: {units: 4, activation: linear, bias: true, bias-initializer: zeros}}
          - relu
          - {dense: {units: 3, activation: linear, bias: true, bias-initializer: zeros}}
        initializer: {xavier: {distribution: normal, mode: fan-average, scale: 1}}
        loss: softmax-cross-entropy
        optimizer: {sgd: {learning-rate: 0.01, momentum: 0, nesterov: false}}
        schedule: constant
        clipping: none
        regularizer: none
        training: {epochs: 1, batch: 20, max-steps: none, shuffle: true, drop-last: false, \
        bad-steps: stop, bad-rows: keep}

        """)
  }

  @Test func everySettingOfTheRecipeItselfSurvives() throws {
    let text = """
      name: all of them
      seed: 18446744073709551615
      data: {csv: {file: a.csv, target: y}}
      input: [2, 3, 1]
      standardize: both
      model: [{dense: 1}]
      initializer: glorot
      loss: huber
      optimizer: {adam: 0.5}
      schedule: {step: 10}
      clipping: [{value: 1}, {global-norm: 2}]
      regularizer: [{l1: 0.1}, {max-norm: 2}]
      training: {epochs: 3, batch: 5, max-steps: 7, shuffle: false, drop-last: true, bad-steps: skip,
        bad-rows: drop}
      """
    let recipe = try recipe(text)
    #expect(try self.recipe(recipe.description) == recipe)
    #expect(try JSONDecoder().decode(Recipe.self, from: JSONEncoder().encode(recipe)) == recipe)
    #expect(recipe.seed == .max)
    #expect(recipe.clipping.choices.map(\.name) == ["value", "global-norm"])
    #expect(recipe.training.maxSteps == 7)
  }

  @Test func aFileGivesTheNameAndTheFolder() throws {
    let scratch = try Scratch()
    let path = try scratch.write("two words.yaml", "\u{FEFF}" + Draft.plain.text)
    let recipe = try RecipeFile.read(path)
    #expect(recipe.name == "two words")
    #expect(URL(fileURLWithPath: recipe.folder).path == scratch.path)
  }

  @Test func writtenElsewhereItStillFindsItsData() throws {
    let scratch = try Scratch()
    for folder in ["a", "b"] {
      try FileManager.default.createDirectory(
        atPath: scratch(folder), withIntermediateDirectories: true)
    }
    try scratch.write("a/train.csv", "x,y\n1,2\n3,4\n")
    let draft = Draft.plain.with("data", "{csv: {file: train.csv, target: y}}")
      .with("model", "[{dense: 1}]").with("loss", "mean-squared-error")
    let recipe = try RecipeFile.read(try scratch.write("a/r.yaml", draft.text))
    try RecipeFile.write(recipe, to: scratch("b/fixed.yaml"))
    let moved = try RecipeFile.read(scratch("b/fixed.yaml"))
    #expect((moved.data.ingredient as? CSV)?.file == "../a/train.csv")
    #expect(throws: Never.self) { try Run(Problem(moved)) }
  }
}
