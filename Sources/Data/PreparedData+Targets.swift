import KeelEngine

// What targets are, by the rules that hold for every loss.

extension PreparedData.Part {
  package init(
    _ examples: Examples, _ targets: Targets, _ kind: PreparedData.TargetKind,
    _ inputScale: Scale?, _ targetScale: Scale?
  ) {
    count = examples.count
    var inputs = examples.inputs
    inputScale?.standardize(&inputs)
    self.inputs = inputs
    switch targets.values {
    case .classes(let classes) where kind.areClasses:
      (self.classes, numbers) = (classes, [])
    case .classes(let classes):
      (self.classes, numbers) = ([], classes.map(Float.init))
    case .numbers(var values):
      targetScale?.standardize(&values)
      (self.classes, numbers) = ([], values)
    }
  }

  /// Every target as numbers, classes one-hot; row-major, `columns` a row.
  package func denseTargets(columns: Int) -> [Float] {
    guard numbers.isEmpty else { return numbers }
    var dense = [Float](repeating: 0, count: count * columns)
    let width = columns * count / max(1, classes.count)
    for (vector, label) in classes.enumerated() { dense[vector * width + Int(label)] = 1 }
    return dense
  }

  /// The target numbers of one position, `kind.width` a row.
  package func targets(at position: Int, _ kind: PreparedData.TargetKind) -> [Float] {
    if kind.positions == 1 { return numbers }
    return (0..<count).flatMap { row in
      let vector = row * kind.positions + position
      return numbers[vector * kind.width..<(vector + 1) * kind.width]
    }
  }

  /// How many rows have each of the classes that occur at a position.
  package func classCounts(at position: Int, _ kind: PreparedData.TargetKind) -> [Int] {
    var counts: [Int32: Int] = [:]
    for row in 0..<count { counts[classes[row * kind.positions + position], default: 0] += 1 }
    return counts.sorted { $0.key < $1.key }.map(\.value)
  }
}

extension PreparedData.TargetKind {
  /// - Parameters:
  ///   - parts: the targets of the training part, and of the test part if there is one.
  ///   - isBinary: whether the loss tells two classes apart by one number.
  ///   - place: what a row of a part is called in messages.
  package init(
    _ parts: [Targets], isBinary: Bool, output: Shape, place: (Int, Int) -> String
  ) throws {
    let (columns, positions) = (output.count, output.leading)
    let names = parts[0].names
    switch parts[0].values {
    case .classes:
      try Self.checkPositions(parts[0].positions, output)
      try Self.check(parts, outputs: output.last, place)
      self.init(
        columns: columns, positions: positions, areClasses: output.last > 1,
        areScoredAsClasses: true, names: names)
    case .numbers:
      guard parts[0].columns == columns else {
        throw KeelError(
          .invalid, at: "model",
          "gives \(columns) \(columns == 1 ? "number" : "numbers") a row, "
            + "the data has \(parts[0].columns) target \(parts[0].columns == 1 ? "column" : "columns")",
          fix: "end the model with as many outputs as there are targets")
      }
      let isOneHot = output.last > 1 && parts.allSatisfy { $0.isOneHot(width: output.last) }
      let isYesOrNo = columns == 1 && isBinary && parts.allSatisfy(\.isZeroOrOne)
      self.init(
        columns: columns, positions: positions, areClasses: false,
        areScoredAsClasses: isOneHot || isYesOrNo, names: names)
    }
  }

  /// A file written before there were positions has one.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      columns: try container.decode(Int.self, forKey: .columns),
      positions: try container.decodeIfPresent(Int.self, forKey: .positions) ?? 1,
      areClasses: try container.decode(Bool.self, forKey: .areClasses),
      areScoredAsClasses: try container.decode(Bool.self, forKey: .areScoredAsClasses),
      names: try container.decodeIfPresent([String].self, forKey: .names))
  }

  /// As many classes a row as the output has vectors.
  private static func checkPositions(_ positions: Int, _ output: Shape) throws {
    guard positions != output.leading else { return }
    throw KeelError(
      .invalid, at: "model",
      "gives [\(output)] a row, \(output.leading) \(output.leading == 1 ? "vector" : "vectors") "
        + "over \(output.last) classes; the data has \(positions) "
        + "\(positions == 1 ? "class" : "classes") a row",
      fix: positions == 1
        ? "end the recurrent layers with return: last, or flatten before the last layer"
        : "let every layer keep the \(positions) positions: return: sequence, no flatten")
  }

  /// Every class must have an output; a single output tells two classes apart.
  private static func check(
    _ parts: [Targets], outputs: Int, _ place: (Int, Int) -> String
  ) throws {
    for (index, part) in parts.enumerated() {
      guard case .classes(let classes) = part.values else { continue }
      let limit = outputs == 1 ? 2 : outputs
      if let row = classes.firstIndex(where: { $0 < 0 || Int($0) >= limit }) {
        let label = part.names.map { "'\($0[Int(classes[row])])' (class \(classes[row]))" }
        let position = part.positions == 1 ? "" : ", position \(row % part.positions + 1)"
        throw KeelError(
          .invalid, at: place(index, row / part.positions) + position,
          "the label is \(label ?? "\(classes[row])"), the model has \(outputs) "
            + "\(outputs == 1 ? "output, enough for classes 0 and 1" : "outputs, for classes 0 to \(outputs - 1)")",
          fix:
            "give the last layer at least \(classes.max().required("a label is wrong") + 1) units")
      }
    }
  }
}

extension Targets {
  /// Whether this is one column of integers from 0 on, or one for each position of the output.
  package func holdsIntegers(positions: Int) -> Bool {
    guard case .numbers(let numbers) = values, columns == positions else { return false }
    return numbers.allSatisfy { $0 >= 0 && $0 == $0.rounded() && $0 < 0x1p24 }
  }

  /// Integers read as classes.
  package func integersAsClasses() -> Targets {
    guard case .numbers(let numbers) = values else { return self }
    return Targets(values: .classes(numbers.map(Int32.init)), columns: 1, positions: columns)
  }

  var isZeroOrOne: Bool {
    guard case .numbers(let numbers) = values else { return false }
    return numbers.allSatisfy { $0 == 0 || $0 == 1 }
  }

  func isOneHot(width: Int) -> Bool {
    guard case .numbers(let numbers) = values, isZeroOrOne else { return false }
    return stride(from: 0, to: numbers.count, by: width).allSatisfy { start in
      numbers[start..<start + width].reduce(0, +) == 1
    }
  }
}
