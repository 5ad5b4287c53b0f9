import Foundation

// The loss of the best constant output, by what its minimiser is.

/// −Σ t·log p, p the columns' shares: the entropy of the class prior where rows are one-hot.
func priorEntropy(_ targets: [Float], columns: Int) -> Double {
  let sums = columnSums(targets, columns: columns)
  let total = sums.reduce(0, +)
  let rows = Double(targets.count / columns)
  guard total > 0 else { return 0 }
  return sums.reduce(0) { $0 - ($1 > 0 ? $1 / rows * log($1 / total) : 0) }
}

/// The entropy of the class prior, of the rows of each class.
func priorEntropy(_ counts: [Int]) -> Double {
  let rows = Double(counts.reduce(0, +))
  return counts.reduce(0) { $0 - ($1 > 0 ? Double($1) / rows * log(Double($1) / rows) : 0) }
}

extension Loss {
  /// Column by column, where the loss is a mean over columns: those with as many rows are alike,
  /// and no more than √(2·rows) counts can differ.
  public func constantLoss(counts: [Int], classes: Int) -> Double {
    let rows = counts.reduce(0, +)
    guard averagesColumns else {
      var dense = [Float](repeating: 0, count: rows * classes)
      var row = 0
      for (column, count) in counts.enumerated() {
        for _ in 0..<count { (dense[row * classes + column], row) = (1, row + 1) }
      }
      return constantLoss(dense, columns: classes)
    }
    let columns = Dictionary(grouping: counts) { $0 }.mapValues(\.count)
      .merging([0: classes - counts.count], uniquingKeysWith: +)
    return columns.sorted { $0.key < $1.key }.reduce(0.0) { sum, column in
      let (ones, columns) = column
      guard columns > 0 else { return sum }
      let values = (0..<rows).map { Float($0 < ones ? 1 : 0) }
      return sum + Double(columns) * constantLoss(values, columns: 1)
    } / Double(classes)
  }
}

/// The mean over columns of the entropy of each column's mean, a probability.
func binaryEntropy(_ targets: [Float], columns: Int) -> Double {
  let rows = Double(targets.count / columns)
  let losses = columnSums(targets, columns: columns).map { sum -> Double in
    let mean = sum / rows
    let p = min(max(mean, 1e-7), 1 - 1e-7)  // a mean outside [0, 1] has its best output at the edge
    return -mean * log(p) - (1 - mean) * log(1 - p)
  }
  return losses.reduce(0, +) / Double(columns)
}

/// The mean over columns of the smallest mean of `loss(t − c)` over c, for a convex loss whose
/// minimiser lies between the least and the greatest target.
///
/// Found by golden-section search; the loss is within 1e-9 of the minimum, relative.
/// - Parameters:
///   - targets: row-major, `columns` a row.
///   - loss: of a target minus the output.
public func convexConstantLoss(
  _ targets: [Float], columns: Int, _ loss: (Double) -> Double
) -> Double {
  let rows = targets.count / columns
  var total = 0.0
  for column in 0..<columns {
    let values = stride(from: column, to: targets.count, by: columns).map { Double(targets[$0]) }
    func mean(_ c: Double) -> Double { values.reduce(0) { $0 + loss($1 - c) } / Double(rows) }
    var (low, high) = (
      values.min().required("there are rows"), values.max().required("there are rows")
    )
    let ratio = (5.0.squareRoot() - 1) / 2
    for _ in 0..<60 {
      let (left, right) = (high - ratio * (high - low), low + ratio * (high - low))
      if mean(left) <= mean(right) { high = right } else { low = left }
    }
    total += mean((low + high) / 2)
  }
  return total / Double(columns)
}

func columnSums(_ values: [Float], columns: Int) -> [Double] {
  var sums = [Double](repeating: 0, count: columns)
  var column = 0
  for value in values {
    sums[column] += Double(value)
    column = column + 1 == columns ? 0 : column + 1
  }
  return sums
}
