import KeelEngine

/// The data of a run: read, split, standardised, and with targets as the loss wants them.
public struct PreparedData: Sendable {
  public let train: Part
  public let test: Part?
  /// One row of inputs.
  public let shape: Shape
  /// What the input columns are called, if they have names.
  public let columns: [String]?
  public let targets: TargetKind
  public let inputScale: Scale?
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

/// Mean and deviation of each column, as measured on the training part. A column that never changed
/// there has a deviation of 0, and becomes 0 whatever it holds elsewhere.
public struct Scale: Hashable, Codable, Sendable {
  public let mean: [Float]
  public let std: [Float]

  /// (x − mean)/std, column by column.
  public func standardize(_ values: inout [Float]) {
    var column = 0
    for index in values.indices {
      let centred = Double(values[index]) - Double(mean[column])
      // Not 0 / 0; and what is no number stays none.
      values[index] = std[column] == 0 ? Float(centred * 0) : Float(centred / Double(std[column]))
      column = column + 1 == mean.count ? 0 : column + 1
    }
  }

  /// The value in its own units.
  public func original(_ value: Float, column: Int) -> Float {
    Float(Double(value) * Double(std[column]) + Double(mean[column]))
  }

  /// Measures columns, or all of them together, by what is finite in them. The deviation of a
  /// constant column is what rounding leaves of it, and counts as 0.
  package init(measuring values: [Float], columns: Int, together: Bool) {
    let groups = together ? 1 : columns
    var counts = [Double](repeating: 0, count: groups)
    var means = [Double](repeating: 0, count: groups)
    var squares = means
    for (index, value) in values.enumerated() where value.isFinite {
      counts[index % groups] += 1
      means[index % groups] += Double(value)
    }
    for group in 0..<groups { means[group] /= max(1, counts[group]) }
    for (index, value) in values.enumerated() where value.isFinite {
      let deviation = Double(value) - means[index % groups]
      squares[index % groups] += deviation * deviation
    }
    let stds = (0..<groups).map { group in
      let std = (squares[group] / max(1, counts[group])).squareRoot()
      return std > abs(means[group]) * 1e-7 && Float(std) > 0 ? std : 0
    }
    mean = (0..<columns).map { Float(means[together ? 0 : $0]) }
    std = (0..<columns).map { Float(stds[together ? 0 : $0]) }
  }
}
