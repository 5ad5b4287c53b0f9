import KeelEngine

/// Mean and deviation of each column, as measured on the training part.
///
/// A column that never changed there has a deviation of 0, and becomes 0 whatever it holds
/// elsewhere.
public struct Scale: Hashable, Codable, Sendable {
  public let mean: [Float]
  public let std: [Float]

  /// (x − mean)/std, column by column.
  public func standardize(_ values: inout [Float]) {
    values.withUnsafeMutableBufferPointer { standardize($0) }
  }

  /// The same of rows that lie one after the other.
  package func standardize(_ values: UnsafeMutableBufferPointer<Float>) {
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

  /// Measures columns, or all of them together, by what is finite in them.
  ///
  /// The deviation of a constant column is what rounding leaves of it, and counts as 0.
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
