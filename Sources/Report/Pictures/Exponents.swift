import Foundation

/// A histogram of binary exponents, and where the numbers of a format end.
package struct Exponents: Picture {
  /// Values by the exponent of the power of two that they are at least: 0.75 has −1.
  package struct Series: Equatable, Sendable {
    package let name: String
    package let counts: [Int: Int]
    package let zeros: Int
    package let nonFinite: Int

    package init(_ name: String, counts: [Int: Int], zeros: Int = 0, nonFinite: Int = 0) {
      (self.name, self.zeros, self.nonFinite) = (name, zeros, nonFinite)
      self.counts = counts.filter { $0.value > 0 && (-1100...1100).contains($0.key) }
    }

    /// Counts what is there; subnormal numbers by the exponent that they have in value.
    package init(_ name: String, of values: [Float]) {
      var (counts, zeros, nonFinite): ([Int: Int], Int, Int) = ([:], 0, 0)
      for value in values {
        if value == 0 {
          zeros += 1
        } else if value.isFinite {
          counts[Int(value.exponent), default: 0] += 1
        } else {
          nonFinite += 1
        }
      }
      self.init(name, counts: counts, zeros: zeros, nonFinite: nonFinite)
    }

    fileprivate var total: Int { counts.values.reduce(zeros + nonFinite, +) }

    fileprivate func share(where isCounted: (Int) -> Bool) -> Double {
      let count = counts.reduce(0) { $0 + (isCounted($1.key) ? $1.value : 0) }
      return total == 0 ? 0 : Double(count) / Double(total)
    }
  }

  private struct Limit: Sendable {
    let exponent: Int
    let name: String
  }

  private static let half = [
    Limit(exponent: -24, name: "float16 smallest 2⁻²⁴"),
    Limit(exponent: -14, name: "float16 normal from 2⁻¹⁴"),
    Limit(exponent: 16, name: "float16 ends at 65,504 ≈ 2¹⁶"),
  ]
  private static let single = [
    Limit(exponent: -149, name: "float32 smallest 2⁻¹⁴⁹"),
    Limit(exponent: -126, name: "float32 normal from 2⁻¹²⁶"),
    Limit(exponent: 128, name: "float32 ends at 2¹²⁸"),
  ]

  private let series: [Series]
  private let low: Int
  private let high: Int

  /// - Parameter series: two at most, such as weights and gradients.
  /// - Returns: nil where nothing was counted.
  package init?(_ series: [Series]) {
    self.series = series.filter { $0.total > 0 }.prefix(2).map { $0 }
    guard !self.series.isEmpty else { return nil }
    let exponents = self.series.flatMap(\.counts.keys)
    // The limits of float16 are always in sight, those of float32 where values come near them, or
    // are beyond float16.
    low = min(-28, (exponents.min() ?? 0) - 3)
    let largest = exponents.max() ?? 0
    high = max(20, largest < 16 ? 0 : 132, largest + 4)
  }

  private var limits: [Limit] {
    (Self.half + Self.single).filter { (low...high).contains($0.exponent) }
  }

  package var title: String {
    "Sizes of \(series.map { SVG.cut($0.name, to: 24) }.joined(separator: " and "))"
      + " as powers of two"
  }

  package var description: String {
    "Histogram of binary exponents on a logarithmic axis of shares. "
      + series.map(Self.sentence).joined(separator: " ")
  }

  /// What a histogram cannot show: zeros, what is not finite, and what float16 would lose.
  private static func sentence(_ series: Series) -> String {
    let parts = [
      series.zeros > 0 ? "\(Numerals.count(series.zeros)) zero" : nil,
      series.nonFinite > 0 ? "\(Numerals.count(series.nonFinite)) not finite" : "none not finite",
      lost(series.share { $0 < -24 }, "too small for float16"),
      lost(series.share { $0 >= 16 }, "too large for float16"),
    ].compactMap { $0 }
    return "\(SVG.cut(series.name, to: 24)): \(Numerals.count(series.total)) values, "
      + parts.joined(separator: ", ") + "."
  }

  private static func lost(_ share: Double, _ why: String) -> String? {
    share > 0 ? "\(Numerals.percent(share)) \(why)" : nil
  }

  // MARK: the drawing

  private var sentences: [[String]] {
    series.map { SVG.lines(Self.sentence($0), width: SVG.width - 50) }
  }

  private var top: Double {
    66 + Double(sentences.joined().count) * 18 + Double(limits.count) * 17
  }

  private var panel: Panel {
    let shares = series.flatMap { series in
      series.counts.values.map { Double($0) / Double(series.total) }
    }
    let bars = low...high
    return Panel(
      x: Axis(exponents: bars.lowerBound...(bars.upperBound + 1)),
      y: Axis(logarithmic: (shares.min() ?? 0.01) / 2...1, ticks: 7), left: 64, top: top,
      width: SVG.width - 64 - 20, height: 220)
  }

  package var drawing: SVG {
    let panel = panel
    var svg = SVG(title: title, description: description, height: panel.bottom + 50)
    var y = 46.0
    for (index, lines) in sentences.enumerated() {
      svg.path("M12 \(SVG.number(y - 4))h20", index == 0 ? "wide s0" : "l s1")
      for line in lines {
        svg.text(line, x: 40, y: y)
        y += 18
      }
    }
    panel.draw(in: &svg, foot: "size of a value")
    for (index, series) in series.enumerated() { draw(series, index, in: &svg, panel) }
    for (index, limit) in limits.sorted(by: { $0.exponent < $1.exponent }).enumerated() {
      let x = panel.x(limit.exponent)
      let y = panel.top - 32 - Double(limits.count - 1 - index) * 17
      let isRight = x > panel.left + panel.width * 0.6
      svg.line(x, y - 10, x, panel.bottom, "rule ink")
      svg.text(limit.name, x: x + (isRight ? -5 : 5), y: y, "q", isRight ? .end : .start)
    }
    panel.drawName("share of the values (log scale)", in: &svg)
    return svg
  }

  /// The first as bars, the second as an outline above them.
  private func draw(_ series: Series, _ index: Int, in svg: inout SVG, _ panel: Panel) {
    var data = ""
    let keys = series.counts.keys
    for exponent in (keys.min() ?? 0)...(keys.max() ?? 0) {
      let count = series.counts[exponent] ?? 0
      let y = panel.y(Double(count) / Double(series.total))
      let (from, to) = (panel.x(exponent), panel.x(exponent + 1))
      if index > 0 {
        if data.isEmpty { data = "M\(SVG.pair(from, panel.bottom))" }
        data += "V\(SVG.number(y))H\(SVG.number(to))"
      } else if count > 0 {
        data += "M\(SVG.pair(from + 0.5, panel.bottom))V\(SVG.number(y))"
        data += "H\(SVG.number(to - 0.5))V\(SVG.number(panel.bottom))z"
      }
    }
    svg.path(
      index == 0 ? data : data + "V\(SVG.number(panel.bottom))", index == 0 ? "bar0" : "l s1")
  }

  // MARK: the numbers

  package var table: PictureTable {
    let all = Set(series.flatMap(\.counts.keys)).sorted()
    let size = max(1, (all.count + PictureTable.limit - 3) / (PictureTable.limit - 2))
    let groups = stride(from: 0, to: all.count, by: size).map {
      all[$0..<min(all.count, $0 + size)]
    }
    let counted = groups.map { group in
      let first = Numerals.power(group[group.startIndex], of: 2)
      let end = Numerals.power(group[group.endIndex - 1] + 1, of: 2)
      return ["\(first) to \(end)"]
        + series.map { series in
          Numerals.count(group.reduce(0) { $0 + (series.counts[$1] ?? 0) })
        }
    }
    return PictureTable(
      caption: title, header: ["size"] + series.map(\.name),
      rows: counted + [
        ["zero"] + series.map { Numerals.count($0.zeros) },
        ["not finite"] + series.map { Numerals.count($0.nonFinite) },
      ])
  }
}
