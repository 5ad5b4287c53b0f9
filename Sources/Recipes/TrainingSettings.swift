import KeelEngine
import KeelNetworks
import KeelSettings

/// How long a training goes on, and in what batches.
public struct TrainingSettings: Configurable, SettingValue {
  /// Times through the training part.
  public var epochs: Int
  /// Rows a step.
  public var batch: Int
  /// Steps after which the run ends in any case; nil for as many as the epochs take.
  public var maxSteps: Int?
  /// Whether each epoch goes through the rows in an order of its own.
  public var shuffle: Bool
  /// Whether a last batch that is not full is left out.
  public var dropLast: Bool
  /// Whether the run stops at a step that is not finite, or skips it and outliers.
  public var badSteps: BadSteps
  /// Whether training rows with a number far outside its column are kept or dropped.
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
