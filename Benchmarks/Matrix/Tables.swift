import Foundation
import KeelAuthoring
import KeelBenchmarks

/// The whole in one table, then each cause in its own.
struct Tables {
  private let columns: [Column]
  private let remedies = RemedyCatalog.standard.remedies

  init(_ columns: [Column]) { self.columns = columns }

  var text: String {
    ([overview] + columns.map(detail)).joined(separator: "\n\n") + "\n"
  }

  /// Healed of those that were sick; a dot where there is nothing to change, bold where the remedy
  /// is made for the cause.
  private var overview: String {
    let head = Text.header(["healed by"] + columns.map(\.cause))
    let rows = remedies.map { remedy in
      Text.row(
        [remedy.name]
          + columns.map { column in
            guard let cell = column.cells[remedy.name] else { return "·" }
            let count = "\(cell.healed)/\(column.sick)"
            return remedy.treats.contains(column.cause) ? "**\(count)**" : count
          })
    }
    return ([head] + rows).joined(separator: "\n")
  }

  private func detail(_ column: Column) -> String {
    let title = "### \(column.cause)\n\n\(column.sick) trainings explode or learn nothing.\n\n"
    let head = Text.header(
      ["remedy", "healed", "best strength", "steps to half", "time", "score", "for instance"])
    let rows = remedies.compactMap { remedy in
      column.cells[remedy.name].map { (remedy.name, $0) }
    }.sorted { ($1.1.healed, $1.1.score) < ($0.1.healed, $0.1.score) }
      .map { name, cell in
        let isAny = cell.healed > 0
        return Text.row([
          name, "\(cell.healed)/\(column.sick)", isAny ? cell.strength : "–",
          isAny ? Text.fixed(cell.stepsToHalf, 0) : "–",
          cell.time.isNaN ? "–" : Text.fixed(cell.time, 2), isAny ? Text.score(cell.score) : "–",
          isAny ? "`\(Self.short(cell.change))`" : "",
        ])
      }
    return title + ([head] + rows).joined(separator: "\n")
  }

  private static func short(_ text: String) -> String {
    text.count > 60 ? text.prefix(59) + "…" : text
  }
}
