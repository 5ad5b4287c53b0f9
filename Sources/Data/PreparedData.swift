import KeelEngine

/// The data of a run: read, split, standardised, and with targets as the loss wants them.
public struct PreparedData: Sendable {
  /// The rows that are trained on.
  public let train: Part
  /// The rows that are only scored; nil where none are kept apart.
  public let test: Part?
  /// One row of inputs.
  public let shape: Shape
  /// What the input columns are called, if they have names.
  public let columns: [String]?
  /// What the targets of both parts are.
  public let targets: TargetKind
  /// What inputs were standardised by; nil where they were not.
  public let inputScale: Scale?
  /// What targets were standardised by; nil where they were not.
  public let targetScale: Scale?

  package init(
    train: Part, test: Part?, shape: Shape, columns: [String]? = nil, targets: TargetKind,
    inputScale: Scale?, targetScale: Scale?
  ) {
    self.train = train
    self.test = test
    self.shape = shape
    self.columns = columns
    self.targets = targets
    self.inputScale = inputScale
    self.targetScale = targetScale
  }

  /// Rows as the network sees them.
  public struct Part: Sendable {
    /// The number of rows.
    public let count: Int
    /// Row-major inputs, standardised.
    public let inputs: [Float]
    /// Row-major targets, `columns` a row; empty where they are classes.
    public let numbers: [Float]
    /// One class a row, or one a position, row by row; empty where targets are numbers.
    public let classes: [Int32]

    package init(count: Int, inputs: [Float], numbers: [Float], classes: [Int32]) {
      self.count = count
      self.inputs = inputs
      self.numbers = numbers
      self.classes = classes
    }
  }

  /// What the targets of a run are, after all rules have been applied.
  public struct TargetKind: Hashable, Codable, Sendable {
    /// Numbers in one row of the model's output.
    public let columns: Int
    /// How many vectors those are: every axis of the output but the last.
    public let positions: Int
    /// Whether classes become one-hot.
    public let areClasses: Bool
    /// Whether the metric is accuracy.
    public let areScoredAsClasses: Bool
    /// What classes or columns are called.
    public let names: [String]?

    enum CodingKeys: CodingKey {
      case columns, positions, areClasses, areScoredAsClasses, names
    }

    /// Numbers of one vector: the classes that are told apart, where targets are classes.
    public var width: Int { columns / positions }
  }
}
