import KeelEngine
import KeelNetworks
import KeelSettings

/// Everything that decides a training, as one value: printed, it hides no default.
public struct Recipe: Configurable {
  public var name: String
  /// The seed of everything random: generated rows, initial parameters, order, dropout.
  public var seed: UInt64
  /// Where the rows come from: a file, or a generator.
  public var data: Choice<Datasets>
  /// The shape of one row, where the data alone does not tell: [28, 28, 1] for images.
  public var input: Inherited<[Int]>
  /// Which parts of the data are brought to mean 0 and deviation 1.
  public var standardize: Standardize
  /// The layers, in order; at least one.
  public var model: [Choice<Layers>]
  /// For layers that name none of their own.
  public var initializer: Choice<Initializers>
  /// Weights to begin with in place of those that are drawn, by parameter name.
  public var initial: Inherited<InitialWeights>
  /// What training makes small.
  public var loss: Choice<Losses>
  /// How a gradient becomes a step, and at which learning rate.
  public var optimizer: Choice<Optimizers>
  /// How the learning rate goes on from step to step.
  public var schedule: Choice<Schedules>
  /// Applied in order.
  public var clipping: Chain<Clips>
  /// What keeps weights small, applied in order.
  public var regularizer: Chain<Regularizers>
  /// How long the training goes on, and in what batches.
  public var training: TrainingSettings
  /// Of a study, whose program trains: the values of its placeholders.
  package var own = Inherited<OwnSettings>()
  /// What relative file names are relative to: the recipe file's folder, absolute or from the
  /// working directory.
  ///
  /// It is never printed. Two recipes in different folders name different files, and are not equal.
  public var folder = "."

  public static let fields: [Field<Recipe>] = [
    .init("name", \.name, "what the recipe is called"),
    .init("seed", \.seed, "of everything random"),
    .init("data", \.data, required: true, "where the rows come from"),
    .init("input", \.input, .atLeast(1), "the shape of one row, such as [28, 28, 1]"),
    .init("standardize", \.standardize, "what is brought to mean 0 and deviation 1"),
    .init("model", \.model, required: true, "the layers, in order"),
    .init("initializer", \.initializer, "for layers that name none of their own"),
    .init("initial", \.initial, "weights to begin with: a safetensors file"),
    .init("loss", \.loss, required: true, "what training makes small"),
    .init("optimizer", \.optimizer, required: true, "how a gradient becomes a step"),
    .init("schedule", \.schedule, "how the learning rate goes on"),
    .init("clipping", \.clipping, "what keeps gradients from growing"),
    .init("regularizer", \.regularizer, "what keeps weights small"),
    .init("training", \.training, required: true, "how long, and in what batches"),
    .init(
      "settings", \.own, hidden: true, "of a study: the values of its program's placeholders"),
  ]

  public init() {
    self.init(
      data: .spirals(), model: [], loss: .softmaxCrossEntropy, optimizer: .sgd(),
      training: .init(epochs: 1, batch: 1))
  }

  public init(
    name: String = "recipe", seed: UInt64 = 0, data: Choice<Datasets>, input: [Int]? = nil,
    standardize: Standardize = .none, model: [Choice<Layers>],
    initializer: Choice<Initializers> = .xavier(), initial: InitialWeights? = nil,
    loss: Choice<Losses>,
    optimizer: Choice<Optimizers>, schedule: Choice<Schedules> = .constant,
    clipping: Chain<Clips> = [], regularizer: Chain<Regularizers> = [],
    training: TrainingSettings
  ) {
    self.name = name
    self.seed = seed
    self.data = data
    self.input = .init(input)
    self.standardize = standardize
    self.model = model
    self.initializer = initializer
    self.initial = .init(initial)
    self.loss = loss
    self.optimizer = optimizer
    self.schedule = schedule
    self.clipping = clipping
    self.regularizer = regularizer
    self.training = training
  }

  public func validate(at path: String) throws {
    guard !model.isEmpty else {
      throw KeelError(
        .invalid, at: "model", "holds no layers", fix: "add at least one, such as '- dense: 10'")
    }
    guard model.expandedCount <= NetworkBuilder.maximumLayers else {
      throw KeelError(
        .invalid, at: "model",
        "has more than \(NetworkBuilder.maximumLayers) layers once repeats are expanded",
        fix: "repeat fewer times")
    }
  }

  /// Which parts of the data are brought to mean 0 and deviation 1, as measured on the training
  /// part.
  public enum Standardize: String, Keyword {
    case none, inputs, targets, both
    /// Whether inputs are standardised.
    public var includesInputs: Bool { self == .inputs || self == .both }
    /// Whether targets are standardised.
    public var includesTargets: Bool { self == .targets || self == .both }
  }
}

extension Recipe: Codable {
  /// Reads a tree strictly: what is unknown, missing or out of range is an error with its place.
  /// - Parameter name: what the recipe is called if it does not say.
  public init(_ settings: Settings, catalog: Catalog = .standard, name: String = "recipe") throws {
    let reader = SettingsReader(catalog: catalog)
    guard case .map = settings.node else {
      throw reader.error(
        settings, "expected a mapping of settings, found \(settings.kind)",
        fix: "begin with data:, model:, loss:, optimizer: and training:")
    }
    try self.init(reading: settings, reader)
    if settings["name"] == nil { self.name = name }
  }

  /// The whole recipe as a tree, every default written out.
  public var written: Settings { settings }

  /// Names are looked up in the decoder's `userInfo[Catalog.key]`, or in the standard catalogue.
  public init(from decoder: any Decoder) throws {
    try self.init(
      Settings(from: decoder), catalog: decoder.userInfo[Catalog.key] as? Catalog ?? .standard)
  }
  public func encode(to encoder: any Encoder) throws { try written.encode(to: encoder) }
}

extension Recipe: CustomStringConvertible {
  /// The recipe as YAML, every default written out; it reads back as the same recipe.
  public var description: String { written.document() }

  /// Every file the recipe names, as a path from the working directory.
  public var files: [String] {
    var names: [String] = []
    _ = data.member.renamed { name in
      names.append(name)
      return name
    }
    if case .file(let name) = initial.value { names.append(name) }
    return names.map { $0.hasPrefix("/") ? $0 : "\(folder)/\($0)" }
  }

  /// The same recipe for a file in another folder: relative file names are written anew.
  public func renamingFiles(_ rename: (String) -> String) -> Recipe {
    var recipe = self
    recipe.data = Choice(data.member.renamed(rename))
    if case .file(let name) = initial.value { recipe.initial = .init(.file(rename(name))) }
    return recipe
  }
}
