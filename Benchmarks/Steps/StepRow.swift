import Foundation

/// A workload on so many threads: milliseconds a step, in the order of the turns.
struct StepRow: Encodable {
  let workload: String
  let threads: Int
  var keel: [Double] = []
  var eager: [Double] = []
  var compiled: [Double] = []
  /// Of as many copies as threads, each on one.
  var copies: [Double] = []

  init(workload: String, threads: Int) { (self.workload, self.threads) = (workload, threads) }

  static let heading = """
    | workload | threads | Keel | PyTorch | over eager | over compiled | of copies |
    | --- | --- | --- | --- | --- | --- | --- |
    """

  var line: String {
    let cells = [
      workload, "\(threads)", Self.spread(keel, "%.3g"), Self.spread(eager, "%.3g"),
      Self.spread(ratios(eager), "%.2f"), Self.spread(ratios(compiled), "%.2f"),
      Self.spread(ratios(copies), "%.2f"),
    ]
    return "| \(cells.joined(separator: " | ")) |"
  }

  /// Turn by turn, another's time over Keel's.
  private func ratios(_ other: [Double]) -> [Double] { zip(other, keel).map { $0 / $1 } }

  /// `1.23 (1.20 to 1.31)`.
  private static func spread(_ values: [Double], _ format: String) -> String {
    let sorted = values.sorted()
    guard let least = sorted.first, let most = sorted.last else { return "" }
    func text(_ value: Double) -> String { String(format: format, value) }
    return "\(text(sorted[sorted.count / 2])) (\(text(least)) to \(text(most)))"
  }

  /// The geometric mean of what Keel is faster by, the smallest network left out.
  static func summary(of rows: [StepRow]) -> String {
    Set(rows.map(\.threads)).sorted().compactMap { threads in
      let ratios = rows.filter { $0.threads == threads && $0.workload != Workload.smallest }
        .compactMap { row -> Double? in
          let sorted = row.ratios(row.eager).sorted()
          return sorted.isEmpty ? nil : sorted[sorted.count / 2]
        }
      guard !ratios.isEmpty else { return nil }
      let mean = exp(ratios.reduce(0) { $0 + log($1) } / Double(ratios.count))
      return "Over eager, \(threads) threads: \(String(format: "%.2f", mean)) in the geometric "
        + "mean, \(String(format: "%.2f", ratios.min() ?? 0)) at the least "
        + "(\(Workload.smallest) left out)."
    }.joined(separator: "\n")
  }
}
