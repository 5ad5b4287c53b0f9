import KeelEngine
import KeelNetworks
import KeelSettings

/// Everything that decides a training, as one value: printed, it hides no default.
public struct Recipe: Configurable {
  public var name: String
  public var seed: UInt64
  public var data: Choice<Datasets>
  /// The shape of one row, where the data alone does not tell: [28, 28, 1] for images.
  public var input: Inherited<[Int]>
  public var standardize: Standardize
  public var model: [Choice<Layers>]
  /// For layers that name none of their own.
  public var initializer: Choice<Initializers>
  public var loss: Choice<Losses>
  public var optimizer: Choice<Optimizers>
  public var schedule: Choice<Schedules>
  /// Applied in order.
  public var clipping: Chain<Clips>
  public var regularizer: Chain<Regularizers>
  public var training: TrainingSettings
  /// What relative file names are relative to: the recipe file's folder. Never printed, and no part
  /// of what makes two recipes equal.
  public var folder = Folder()

  public static let fields: [Field<Recipe>] = [
    .init("name", \.name, "what the recipe is called"),
    .init("seed", \.seed, "of everything random"),
    .init("data", \.data, required: true, "where the rows come from"),
    .init("input", \.input, .atLeast(1), "the shape of one row, such as [28, 28, 1]"),
    .init("standardize", \.standardize, "what is brought to mean 0 and deviation 1"),
    .init("model", \.model, required: true, "the layers, in order"),
    .init("initializer", \.initializer, "for layers that name none of their own"),
    .init("loss", \.loss, required: true, "what training makes small"),
    .init("optimizer", \.optimizer, required: true, "how a gradient becomes a step"),
    .init("schedule", \.schedule, "how the learning rate goes on"),
    .init("clipping", \.clipping, "what keeps gradients from growing"),
    .init("regularizer", \.regularizer, "what keeps weights small"),
    .init("training", \.training, required: true, "how long, and in what batches"),
  ]

  public init() {
    self.init(
      data: .spirals(), model: [], loss: .softmaxCrossEntropy, optimizer: .sgd(),
      training: .init(epochs: 1, batch: 1))
  }

  public init(
    name: String = "recipe", seed: UInt64 = 0, data: Choice<Datasets>, input: [Int]? = nil,
    standardize: Standardize = .none, model: [Choice<Layers>],
    initializer: Choice<Initializers> = .xavier(), loss: Choice<Losses>,
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
    public var includesInputs: Bool { self == .inputs || self == .both }
    public var includesTargets: Bool { self == .targets || self == .both }
  }

  /// Where a recipe lies; all are equal, because a recipe is the same wherever it lies.
  public struct Folder: Hashable, Sendable {
    public var path: String
    /// How to name the recipe on a command line, `--set` and `--seed` included.
    public var line: String
    public init(_ path: String = ".", line: String = "RECIPE") {
      (self.path, self.line) = (path, line)
    }
    public static func == (a: Self, b: Self) -> Bool { true }
    public func hash(into hasher: inout Hasher) {}
  }
}

/// How long a training goes on, and in what batches.
public struct TrainingSettings: Configurable, SettingValue {
  public var epochs: Int
  /// Rows a step.
  public var batch: Int
  public var maxSteps: Int?
  public var shuffle: Bool
  /// Whether a last batch that is not full is left out.
  public var dropLast: Bool
  public var badSteps: BadSteps
  public var badRows: BadRows

  /// What happens to a step with a non-finite loss or gradient.
  public enum BadSteps: String, Keyword {
    /// The run stops there.
    case stop
    /// The step changes nothing, is counted, and the run goes on; likewise a step whose gradient is
    /// far above the usual.
    case skip
  }

  /// What happens to rows of the training part with a number far outside its column; see
  /// `Outliers`.
  public enum BadRows: String, Keyword {
    case keep
    /// The training part is what it would be without them; the test part is left as it is.
    case drop
  }

  public static let fields: [Field<TrainingSettings>] = [
    .init("epochs", \.epochs, .atLeast(1), required: true, "times through the training part"),
    .init("batch", \.batch, .atLeast(1), required: true, "rows a step"),
    .init("max-steps", \.maxSteps, .atLeast(1), "stop after so many steps"),
    .init("shuffle", \.shuffle, "whether each epoch has an order of its own"),
    .init("drop-last", \.dropLast, "whether a last batch that is not full is left out"),
    .init("bad-steps", \.badSteps, "stop at a step that is not finite, or skip it and outliers"),
    .init("bad-rows", \.badRows, "keep or drop rows with a number far outside its column"),
  ]

  public init() { self.init(epochs: 1, batch: 1) }

  public init(
    epochs: Int, batch: Int, maxSteps: Int? = nil, shuffle: Bool = true, dropLast: Bool = false,
    badSteps: BadSteps = .stop, badRows: BadRows = .keep
  ) {
    self.epochs = epochs
    self.batch = batch
    self.maxSteps = maxSteps
    self.shuffle = shuffle
    self.dropLast = dropLast
    self.badSteps = badSteps
    self.badRows = badRows
  }

  public init(_ settings: Settings, _ reader: SettingsReader, _ limits: NumberRange) throws {
    guard case .map = settings.node else {
      throw reader.error(
        settings, "expected settings, found \(settings.kind)", fix: "write {epochs: 10, batch: 32}")
    }
    try self.init(reading: settings, reader)
  }

  public var written: Settings? { settings }
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
    return names.map { $0.hasPrefix("/") ? $0 : "\(folder.path)/\($0)" }
  }

  /// The same recipe for a file in another folder: relative file names are written anew.
  public func renamingFiles(_ rename: (String) -> String) -> Recipe {
    var recipe = self
    recipe.data = Choice(data.member.renamed(rename))
    return recipe
  }
}
