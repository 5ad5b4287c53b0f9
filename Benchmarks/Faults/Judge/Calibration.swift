import KeelBenchmarks
import KeelData
import KeelFaults
import KeelTraining

/// How often a finding is right, by what is known without knowing how far a factor is off: its
/// kind, and how many factors were under suspicion.
///
/// To be fitted on seeds A; what it is worth is then seen on B.
package struct Calibration {
  private struct Cell {
    var right = 0.0
    var all = 0.0
  }

  /// Suspects: one, two, three and more.
  private static let groups = 3
  private let cells: [Finding.Kind: [Cell]]

  package init(_ findings: [(kind: Finding.Kind, suspects: Int, isRight: Bool)]) {
    var cells: [Finding.Kind: [Cell]] = [:]
    for finding in findings {
      let group = min(max(1, finding.suspects), Self.groups) - 1
      let none = Array(repeating: Cell(), count: Self.groups)
      cells[finding.kind, default: none][group].all += 1
      cells[finding.kind, default: none][group].right += finding.isRight ? 1 : 0
    }
    self.cells = cells
  }

  /// Of faults that explode, and of those that learn nothing.
  package init(_ judgements: [Judgement]) {
    self.init(
      judgements.filter(\.specimen.isFault).flatMap { judgement in
        judgement.findings.map { ($0.kind, $0.suspects, judgement.isRight($0)) }
      })
  }

  /// The confidence of a finding of a kind among so many suspects; nil where none was seen.
  ///
  /// **Definition** (right + 1)/(all + 2), Laplace's rule; neighbours are pooled until it does not
  /// rise with the number of suspects.
  package func confidence(_ kind: Finding.Kind, suspects: Int) -> Double? {
    fitted(kind)?[min(max(1, suspects), Self.groups) - 1]
  }

  private func fitted(_ kind: Finding.Kind) -> [Double]? {
    guard let own = cells[kind], own.contains(where: { $0.all > 0 }) else { return nil }
    func value(_ cell: Cell) -> Double { (cell.right + 1) / (cell.all + 2) }
    var pools: [(cell: Cell, width: Int)] = []
    for cell in own {
      pools.append((cell, 1))
      while pools.count > 1 {
        let (last, before) = (pools[pools.count - 1], pools[pools.count - 2])
        guard last.cell.all == 0 || value(last.cell) > value(before.cell) else { break }
        pools.removeLast(2)
        let sum = Cell(
          right: last.cell.right + before.cell.right, all: last.cell.all + before.cell.all)
        pools.append((sum, last.width + before.width))
      }
    }
    return pools.flatMap { Array(repeating: value($0.cell), count: $0.width) }
  }

  package var table: Table {
    var table = Table(
      "Confidence, fitted", ["kind", "1 suspect", "2 suspects", "3 and more", "seen (right/all)"])
    for kind in Finding.Kind.ranked {
      guard let values = fitted(kind), let own = cells[kind] else { continue }
      table.add(
        [kind.rawValue] + values.map { Table.number($0, 3) } + [
          own.map { "\(Int($0.right))/\(Int($0.all))" }.joined(separator: ", ")
        ])
    }
    return table
  }
}
