import KeelCauses
import KeelFrameworks
import KeelNetworks
import KeelRecipes
import KeelRemedies
import KeelSettings
import KeelTestSupport
import KeelTraining
import Testing

/// What remedies come to elsewhere; `make test-advice` runs such lines there.
struct ExportTargetTests {
  /// A remedy in one strength, and a recipe it treats.
  struct Example: CustomTestStringConvertible, Sendable {
    let remedy: any Remedy
    let recipe: Recipe
    var name: String { type(of: remedy).name }
    var testDescription: String { "\(name) for \(recipe.name)" }

    func lines(for framework: ExportTarget) throws -> [String] {
      try remedy.lines(for: framework, in: recipe)
    }
  }

  /// Every remedy, in every strength, on the first guilty recipe of each cause it treats; of each
  /// that it changes, where it heals none by itself.
  static let examples = Once {
    try RemedyCatalog.standard.remedies.flatMap { remedy in
      try CauseCatalog.standard.causes.filter {
        remedy.treats.isEmpty || remedy.treats.contains($0.name)
      }
      .compactMap { $0.guilty.first }.flatMap { try strengths(of: remedy, for: $0) }
    }
  }

  private static func strengths<R: Remedy>(
    of remedy: R.Type, for recipe: Recipe
  ) throws -> [Example] {
    let trainer = try Trainer(Problem(recipe))
    let strengths = Strengths(
      Evidence(trainer.problem, trace: trainer.trace))
    return strengths.of(R.self).filter { $0.applied(to: strengths.evidence.problem) != nil }
      .map { Example(remedy: $0, recipe: recipe) }
  }

  @Test(arguments: ExportTarget.allCases)
  func everyRemedySaysItsValue(_ framework: ExportTarget) throws {
    let examples = try Self.examples.value()
    // What acts on an engine's settings is in PatchOwnTests.
    let ofRecipes = RemedyCatalog.standard.remedies.filter { !$0.isOfEngines }
    #expect(Set(examples.map(\.name)).count == ofRecipes.count)
    for example in examples {
      let lines = try example.lines(for: framework)
      #expect(lines.contains { !$0.hasPrefix("#") }, "\(example)")
      #expect(lines.allSatisfy { !$0.isEmpty && !$0.contains("(%)") }, "\(example)")
      let text = lines.joined(separator: "\n")
      for value in Self.values(of: example, framework) {
        #expect(text.contains(value), "\(example): no '\(value)' in\n\(text)")
      }
    }
  }

  /// What a reader looks for in the lines.
  private static func values(of example: Example, _ framework: ExportTarget) -> [String] {
    let isPyTorch = framework == .pytorch
    switch example.remedy {
    case let remedy as LowerLearningRate: return [(isPyTorch ? "lr=" : "rate=") + "\(remedy.rate)"]
    case let remedy as AdaptLearningRate: return ["optim", "Adam(", "=\(remedy.rate)"]
    case let remedy as ClipGradients: return [isPyTorch ? ", \(remedy.limit))" : "=\(remedy.limit)"]
    case let remedy as ConstrainWeights:
      return ["\(remedy.limit)", isPyTorch ? "renorm_" : "MaxNorm"]
    case is SteadySchedule:
      return [isPyTorch ? "lambda step: 1.0" : "learning_rate="]
    case is RaiseLearningRate: return [isPyTorch ? "lr=" : "learning_rate="]
    case let remedy as LowerMomentum: return remedy.isNone ? ["optim"] : ["momentum=0.9"]
    case let remedy as EasePenalty:
      return [remedy.common != nil ? "0.000" : isPyTorch ? "optim" : "regularizer = None"]
    case let remedy as EaseDropout: return ["dropout", ", \(remedy.rate))"]
    case is NormalizeOutput: return [isPyTorch ? "nn.LayerNorm(" : "LayerNormalization()"]
    case is RestoreSetting: return ["optim", "1e-08"]
    case is RegularizeWeights where example.recipe.regularizer != []:
      return [isPyTorch ? "weight_decay" : "l2="]
    case let remedy as RegularizeWeights:
      return [isPyTorch ? "weight_decay\": \(2 * remedy.lambda)" : "l2=\(remedy.lambda)"]
    case is SimplifyNetwork: return ["del chain["]
    case let remedy as StandardizeData:
      return (remedy.parts.includesInputs ? ["x_train - x_mean"] : [])
        + (remedy.parts.includesTargets ? ["y_train - y_mean"] : [])
    case let remedy as SwapActivation:
      let modules = ["relu": "nn.ReLU()", "selu": "nn.SELU()", "tanh": "nn.Tanh()"]
      return [isPyTorch ? modules[remedy.activation] ?? "" : "activations.\(remedy.activation)"]
    case is Reinitialize where example.recipe.name.hasPrefix("recurrent"): return ["rthogonal"]
    case is Reinitialize: return isPyTorch ? ["nn.init.", "normal"] : ["begin(layer", "Normal()"]
    case is NormalizeBatches: return [isPyTorch ? "nn.BatchNorm1d(" : "BatchNormalization("]
    case let remedy as WarmUp: return ["\(remedy.steps)", isPyTorch ? "LinearLR" : "callbacks"]
    case is SkipBadSteps:
      return ["10 * statistics.median", isPyTorch ? "optimizer.step()" : "apply("]
    case is DropBadRows: return ["25 * usual", "x_train[", "y_train["]
    case is AddResiduals: return [isPyTorch ? "Residual(nn.Sequential)" : "layers.add", "starts"]
    case let remedy as GateRecurrence: return [remedy.cell.uppercased() + "("]
    case let remedy as TruncateBackpropagation:
      return ["\(remedy.steps)", isPyTorch ? "detach" : "stop_gradient"]
    case is MatchLoss:
      return [
        isPyTorch ? "nn.CrossEntropyLoss()" : "from_logits=True", isPyTorch ? "Identity" : "linear",
      ]
    default:
      Issue.record("\(example.name) has no value here")
      return []
    }
  }

  /// Lines say where they go, and nothing of a cure is left unsaid.
  @Test(arguments: ExportTarget.allCases)
  func everyLineHasAPlace(_ framework: ExportTarget) throws {
    let headings = Set(Patch.Place.allCases.map { $0.heading(in: framework) })
    for example in try Self.examples.value() {
      let lines = try example.lines(for: framework)
      #expect(lines[0].hasPrefix("# change these names to those of your script: "), "\(example)")
      #expect(headings.contains(lines[1]), "\(example)")
      #expect(!lines.contains { $0.contains("there is no line") }, "\(example)")
      #expect(lines.allSatisfy { $0.count <= 100 }, "\(example)")
    }
  }

  /// A setting that no part of the lines is about is said as a sentence.
  @Test(arguments: ExportTarget.allCases)
  func whatHasNoLineIsSaid(_ framework: ExportTarget) {
    let old = LargeLearningRate.guilty[0]
    var new = old
    new.training.epochs += 1
    let lines = Patch(framework, from: old, to: new).lines
    #expect(lines.count == 1)
    #expect(lines[0].hasPrefix("# training.epochs: ") && lines[0].contains("there is no line"))
  }

  // MARK: optimizers

  @Test(arguments: [
    (
      Choice<Optimizers>.sgd(learningRate: 1), "torch.optim.SGD(model.parameters(), lr=0.5)",
      "keras.optimizers.SGD(learning_rate=0.5)"
    ),
    (
      .sgd(learningRate: 1, momentum: 0.9, nesterov: true),
      "torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9, nesterov=True)",
      "keras.optimizers.SGD(learning_rate=0.5, momentum=0.9, nesterov=True)"
    ),
    (
      .adagrad(learningRate: 1, initialAccumulator: 0.1),
      "torch.optim.Adagrad(model.parameters(), lr=0.5, eps=1e-10, initial_accumulator_value=0.1)",
      "keras.optimizers.Adagrad(learning_rate=0.5, epsilon=1e-10, initial_accumulator_value=0.1)"
    ),
    (
      .rmsprop(learningRate: 1),
      "torch.optim.RMSprop(model.parameters(), lr=0.5, alpha=0.99, eps=1e-08)",
      "keras.optimizers.RMSprop(learning_rate=0.5, rho=0.99, epsilon=1e-08)"
    ),
    (
      .adam(learningRate: 1, beta1: 0.8),
      "torch.optim.Adam(model.parameters(), lr=0.5, betas=(0.8, 0.999), eps=1e-08)",
      "keras.optimizers.Adam(learning_rate=0.5, beta_1=0.8, beta_2=0.999, epsilon=1e-08)"
    ),
    (
      .adamw(learningRate: 1),
      "torch.optim.AdamW(model.parameters(), lr=0.5, betas=(0.9, 0.999), eps=1e-08, "
        + "weight_decay=0.01)",
      "keras.optimizers.AdamW(learning_rate=0.5, beta_1=0.9, beta_2=0.999, epsilon=1e-08, "
        + "weight_decay=0.01)"
    ),
  ])
  func optimizerInTheirNames(_ ours: Choice<Optimizers>, _ pytorch: String, _ keras: String) throws
  {
    var recipe = LargeLearningRate.guilty[0]
    recipe.optimizer = ours
    let remedy = LowerLearningRate(rate: 0.5)
    for (framework, line) in [(ExportTarget.pytorch, pytorch), (.keras, keras)] {
      let lines = try remedy.lines(for: framework, in: recipe)
      #expect(lines[1] == "# in place of the optimizer:")
      let statement = lines.dropFirst(2).map { $0.trimmingPrefix { $0 == " " } }.joined()
      #expect(statement == "optimizer = \(line)")
    }
  }

  /// What a recipe has beside its optimizer is not lost where it is a part of that: earlier
  /// remedies.
  @Test func optimizerKeepsPenaltyAndClip() throws {
    var recipe = LargeLearningRate.guilty[0]
    recipe.regularizer = [.l2(0.25)]
    recipe.clipping = [.value(2), .globalNorm(4)]
    recipe.schedule = .cosine()
    let pytorch = try LowerLearningRate(rate: 0.5).lines(for: .pytorch, in: recipe)
    #expect(pytorch.contains("optimizer = torch.optim.SGD(groups, lr=0.5)"))
    #expect(pytorch.contains { $0.contains("\"weight_decay\": 0.5}") })
    #expect(pytorch.last == "# your schedule begins at 0.5 now")
    let keras = try LowerLearningRate(rate: 0.5).lines(for: .keras, in: recipe)
    #expect(keras[2].contains("SGD(learning_rate=0.5, global_clipnorm=4.0)"))
    #expect(keras[3].hasPrefix("# by hand: your schedule, begun at 0.5,"))
    let clip = try ClipGradients(limit: 1).lines(for: .keras, in: recipe)
    #expect(clip[2].contains("global_clipnorm=1.0)"))
  }

  /// AdamW's decay is not the gradient of a penalty.
  @Test func penaltyBesideAdamWIsAddedToTheLoss() throws {
    var recipe = LargeLearningRate.guilty[0]
    recipe.optimizer = .adamw()
    let lines = try RegularizeWeights(lambda: 0.125).lines(for: .pytorch, in: recipe)
    #expect(lines.contains("loss = loss + 0.125 * sum(w.square().sum() for w in weights)"))
  }

  // MARK: layers

  /// Layers that get the same are chosen together; a residual branch counts like the rest.
  @Test func runsOfLayersAreChosenTogether() throws {
    var recipe = LargeLearningRate.guilty[0]
    recipe.model = [
      .repeat(3, [.dense(8), .tanh]), .dense(4, activation: .selu), .residual([.relu, .dense(4)]),
      .dense(1, bias: false),
    ]
    let keras = try Reinitialize().lines(for: .keras, in: recipe)
    #expect(keras.contains("for layer in linears[3:4]:  # dense-4"))
    #expect(keras.contains { $0.contains("begin(layer, kernel=keras.initializers.LecunNormal()") })
    let linears = try Reinitialize().lines(for: .pytorch, in: recipe)
    let others = "[linears[i] for i in (0, 1, 2, 4, 5)]"
    #expect(linears.contains("for layer in \(others):  # 5 dense layers"))
    #expect(linears.contains("    nn.init.kaiming_normal_(layer.weight, nonlinearity=\"linear\")"))
    let norms = try NormalizeBatches().lines(for: .pytorch, in: recipe)
    #expect(norms.contains("for name in names[:5]:  # dense-1 to dense-5"))
    #expect(norms.contains("    norm = nn.BatchNorm1d(child.out_features)"))
  }

  /// Each kind of layer that begins otherwise is found by its class.
  @Test(
    arguments: [
      ([.conv2d(4), .flatten, .dense(2)], "nn.Conv2d", "layers.Conv2D"),
      ([.lstm(4), .dense(2)], "nn.LSTM", "layers.LSTM"),
      ([.gru(4), .dense(2)], "nn.GRU", "layers.GRU"),
      ([.recurrent(4), .dense(2)], "nn.RNN", "layers.SimpleRNN"),
      ([.embedding(9, 4), .flatten, .dense(2)], "nn.Embedding", "layers.Embedding"),
      (
        [.embedding(9, 4), .attention(), .flatten, .dense(2)],
        "nn.MultiheadAttention", "layers.MultiHeadAttention"
      ),
    ] as [([Choice<Layers>], String, String)])
  func weightsOfEveryKindAreDrawn(_ model: [Choice<Layers>], _ pytorch: String, _ keras: String) {
    var old = LargeLearningRate.guilty[0]
    old.model = model
    old.initializer = .normal(std: 9)
    var new = old
    new.initializer = .he()
    #expect(
      Patch(.pytorch, from: old, to: new).lines.contains {
        $0.contains("isinstance(m, \(pytorch))")
      })
    #expect(
      Patch(.keras, from: old, to: new).lines.contains {
        $0.contains("isinstance(m, keras.\(keras))")
      })
  }

  // MARK: as they are printed

  /// Every remedy in its first strength on the first recipe it treats, and the other optimizers.
  @Test(arguments: ExportTarget.allCases)
  func linesAreAsRecorded(_ framework: ExportTarget) throws {
    var names: Set<String> = []
    let first = try Self.examples.value().filter { names.insert($0.name).inserted }
      .map { Example(remedy: Self.fixed($0.remedy), recipe: $0.recipe) }
    let optimizers: [Choice<Optimizers>] = [.adagrad(), .rmsprop(), .adam(), .adamw()]
    let adaptive = optimizers.flatMap { choice -> [Example] in
      var recipe = LargeLearningRate.guilty[0]
      recipe.name = choice.name
      recipe.optimizer = choice
      return [
        Example(remedy: LowerLearningRate(rate: 1e-4), recipe: recipe),
        Example(remedy: RegularizeWeights(lambda: 1e-4), recipe: recipe),
      ]
    }
    let text = try (first + adaptive).map { example -> String in
      try (["# === \(example)"] + example.lines(for: framework))
        .joined(separator: "\n")
    }.joined(separator: "\n\n")
    let snapshot = TextSnapshot("Snapshots/\(framework.rawValue).py")
    #expect(try snapshot.difference(from: text + "\n") == nil)
  }

  /// A remedy whose strength is measured, in one that is the same on every machine.
  private static func fixed(_ remedy: any Remedy) -> any Remedy {
    switch remedy {
    case is LowerLearningRate: LowerLearningRate(rate: 0.01)
    case is AdaptLearningRate: AdaptLearningRate(rate: 0.001)
    case is ClipGradients: ClipGradients(limit: 1)
    default: remedy
    }
  }
}

extension Remedy {
  /// What its change of a recipe comes to.
  fileprivate func lines(for framework: ExportTarget, in recipe: Recipe) throws -> [String] {
    let changed = try #require(applied(to: Problem(recipe)))
    return Patch(framework, from: recipe, to: changed).lines
  }
}

extension ExportTargetTests.Example: CustomStringConvertible {
  var description: String { testDescription }
}
