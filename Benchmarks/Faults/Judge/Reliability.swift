import KeelBenchmarks
import KeelData
import KeelFaults

/// Whether what was said with some probability came that often.
package struct Reliability {
  /// What was said, and whether it was right; the least certain first.
  private let pairs: [(said: Double, came: Bool)]
  private let least: Int

  /// - Parameter least: a bin has at least so many.
  package init(_ pairs: [(said: Double, came: Bool)], least: Int = 50) {
    self.pairs = pairs.sorted { $0.said < $1.said }
    self.least = least
  }

  /// Of the confidence of every finding.
  package init(findings judgements: [Judgement]) {
    self.init(
      judgements.flatMap { judgement in
        judgement.findings.map { ($0.confidence, judgement.isRight($0)) }
      })
  }

  /// Equal values are never parted.
  package var bins: [[(said: Double, came: Bool)]] {
    var bins: [[(said: Double, came: Bool)]] = []
    for pair in pairs {
      if let last = bins.last, last.last?.said == pair.said || last.count < least {
        bins[bins.count - 1].append(pair)
      } else {
        bins.append([pair])
      }
    }
    if bins.count > 1, bins[bins.count - 1].count < least {
      bins[bins.count - 2] += bins.removeLast()
    }
    return bins
  }

  /// The mean squared distance of a probability from what came.
  package var brier: Double {
    pairs.map { $0.said - ($0.came ? 1 : 0) }.map { $0 * $0 }.mean
  }

  package func table(_ title: String) -> Table {
    var table = Table(title, ["said", "mean", "how often", "came"])
    for bin in bins {
      let (low, high) = (bin[0].said, bin[bin.count - 1].said)
      let said = Table.number(low, 3) + (low == high ? "" : "–" + Table.number(high, 3))
      table.add([
        said, Table.number(bin.map(\.said).mean, 3), "\(bin.count)", bin.share(\.came).text,
      ])
    }
    table.add(["Brier score", Table.number(brier, 4), "\(pairs.count)", ""])
    return table
  }
}
