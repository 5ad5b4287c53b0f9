/// The gradient norm of every layer at every step: depth downwards, time to the right.
///
/// Colours are cividis over log₁₀ of the norm. Cells that are not finite are striped, those of
/// gradients that are exactly zero have a bar, and where nothing was measured the ground shows. A
/// cell stands for the largest of its values, and what is not finite wins.
package struct HeatMap: Picture {
  /// A place in a row where nothing was measured.
  package static let noValue = -Float.greatestFiniteMagnitude
  package static let columnLimit = 160

  enum Cell: Equatable {
    case none, zero
    case finite(Float)
    case nonFinite
  }

  let rows: LayerRows
  let cells: [[Cell]]
  let counts: (layers: Int, steps: Int)
  let first: Int
  let stride: Int
  let last: Int
  let offender: FirstOffender?
  /// Of the finite values, in whole decades.
  let low: Int
  let high: Int

  /// - Parameters:
  ///   - layers: from the input to the output.
  ///   - logNorms: a row for each layer: log₁₀ of its gradient norm every `stride` steps. −∞ is a
  ///     gradient of zero, NaN and ∞ are one that is not finite, `noValue` is none, and a row may
  ///     end early.
  ///   - first: the step of the first value.
  /// - Returns: nil where there is no value.
  package init?(
    layers: [String], logNorms: [[Float]], first: Int = 0, stride: Int = 1,
    offender: FirstOffender? = nil
  ) {
    let layers = Array(layers.prefix(logNorms.count))
    let values = layers.isEmpty ? 0 : logNorms.map(\.count).max() ?? 0
    guard values > 0 else { return nil }
    (self.first, self.stride, self.offender) = (first, max(1, stride), offender)
    last = first + (values - 1) * self.stride
    counts = (layers.count, values)
    let rows = LayerRows(layers)
    let columns = min(Self.columnLimit, values)
    cells = rows.groups.map { group in
      (0..<columns).map { column in
        Self.largest(
          of: logNorms[group], Envelope.indices(of: column, among: columns, count: values))
      }
    }
    self.rows = rows
    var extent: (low: Float, high: Float)?
    for case .finite(let value) in cells.joined() {
      extent = (min(extent?.low ?? value, value), max(extent?.high ?? value, value))
    }
    low = Int(extent?.low.rounded(.down) ?? 0)
    high = max(low + 1, Int(extent?.high.rounded(.up) ?? 1))
  }

  private static func largest(of rows: ArraySlice<[Float]>, _ range: Range<Int>) -> Cell {
    var largest = noValue
    var isZero = false
    for row in rows {
      let isLost = row.withUnsafeBufferPointer { values in
        var index = range.lowerBound
        let end = min(range.upperBound, values.count)
        while index < end {
          let value = values[index]
          if value.isNaN || value == .infinity { return true }
          if value > largest { largest = value }
          if value == -.infinity { isZero = true }
          index += 1
        }
        return false
      }
      if isLost { return .nonFinite }
    }
    // Norms are those of floats; more decades than a double has are a caller's sentinel.
    return largest > noValue ? .finite(min(max(largest, -350), 350)) : isZero ? .zero : .none
  }

  /// How many columns stand for the steps.
  var columns: Int { cells[0].count }

  package var title: String { "Gradient norm by layer and step" }

  package var description: String {
    let steps = "steps \(Numerals.count(first)) to \(Numerals.count(last))"
    let lost = (0..<rows.count).filter { cells[$0].contains(.nonFinite) }
    let notFinite =
      lost.isEmpty
      ? "All values are finite."
      : "Not finite at some step: \(lost.prefix(6).map(rows.name).joined(separator: ", "))"
        + (lost.count > 6 ? " and \(lost.count - 6) more rows." : ".")
    return "Heat map of \(Numerals.count(counts.layers)) layers, from the input at the top to the "
      + "output at the foot, over \(steps). Norms from \(Numerals.power(low)) to "
      + "\(Numerals.power(high)). \(notFinite)"
      + (offender.map { " \($0.sentence)." } ?? "")
  }

  // MARK: the numbers

  package var table: PictureTable {
    PictureTable(
      caption: "log₁₀ of the gradient norm, steps \(Numerals.count(first)) to "
        + Numerals.count(last),
      header: ["layer", "at first", "largest", "at last", "first not finite at step"],
      rows: (0..<rows.count).map { row in
        let cells = cells[row]
        let finite = cells.compactMap { cell in
          if case .finite(let value) = cell { value } else { nil }
        }
        let lost = cells.firstIndex(of: .nonFinite).map { "≈ " + Numerals.count(step($0)) } ?? "–"
        let exact = offender.flatMap { $0.layer == rows.name(row) ? $0.step : nil }
        return [
          rows.name(row), word(cells[0]), finite.max().map(Numerals.short) ?? "–",
          word(cells[columns - 1]), exact.map(Numerals.count) ?? lost,
        ]
      })
  }

  /// The first step of a column.
  private func step(_ column: Int) -> Int {
    first + Envelope.indices(of: column, among: columns, count: counts.steps).lowerBound * stride
  }

  private func word(_ cell: Cell) -> String {
    switch cell {
    case .none: "no value"
    case .zero: "zero"
    case .nonFinite: "not finite"
    case .finite(let value): Numerals.short(value)
    }
  }
}
