import Foundation
import KeelRecipes

/// Rows of a file: made by a generator of the library, brought to unit size, then spoiled.
package struct Rows {
  private let blueprint: Blueprint

  init(_ blueprint: Blueprint) { self.blueprint = blueprint }

  /// Named by what it holds; one that is there already is left alone.
  var name: String {
    "rows-\(blueprint.dataSeed)-x\(blueprint.inputs)-y\(blueprint.targets)-o\(blueprint.outliers).csv"
  }

  /// - Returns: the file's name.
  func write(into folder: String) throws -> String {
    let path = "\(folder)/\(name)"
    if FileManager.default.fileExists(atPath: path) { return name }
    let parts = try blueprint.generated.member.load(from: folder, seed: blueprint.dataSeed)
    var text = ""
    let width = parts.train.shape.count
    text += (0..<width).map { "x\($0)" }.joined(separator: ",") + ",y\n"
    var inputs = Self.standardized(
      parts.train.inputs + (parts.test?.inputs ?? []), columns: width)
    let count = inputs.count / width
    var (numbers, classes): ([Float], [Int32]) = ([], [])
    for targets in [parts.train.targets] + (parts.test.map { [$0.targets] } ?? []) {
      switch targets.values {
      case .numbers(let values): numbers += values
      case .classes(let values): classes += values
      }
    }
    numbers = Self.standardized(numbers, columns: 1)
    for row in 0..<count {
      let poison = Float(isPoisoned(row) ? blueprint.outliers : 1)
      let (x, y) = blueprint.poisonsTargets ? (1, poison) : (poison, 1)
      for column in 0..<width { inputs[row * width + column] *= x * Float(blueprint.inputs) }
      text += inputs[row * width..<(row + 1) * width].map { "\($0)" }.joined(separator: ",")
      text +=
        numbers.isEmpty
        ? ",c\(classes[row])\n" : ",\(numbers[row] * y * Float(blueprint.targets))\n"
    }
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return name
  }

  /// A run of rows in the middle of the training part: one batch of them where rows are not shuffled.
  private func isPoisoned(_ row: Int) -> Bool {
    let first = Int(blueprint.dataSeed % UInt64(max(1, blueprint.samples / 2)))
    return (first..<first + blueprint.poisonedRows).contains(row)
  }

  private static func standardized(_ values: [Float], columns: Int) -> [Float] {
    guard !values.isEmpty else { return [] }
    let rows = Double(values.count / columns)
    var sums = [Double](repeating: 0, count: columns)
    var squares = sums
    for (index, value) in values.enumerated() {
      sums[index % columns] += Double(value)
      squares[index % columns] += Double(value) * Double(value)
    }
    return values.enumerated().map { index, value in
      let mean = sums[index % columns] / rows
      let variance = squares[index % columns] / rows - mean * mean
      return Float((Double(value) - mean) / max(1e-6, variance).squareRoot())
    }
  }
}
