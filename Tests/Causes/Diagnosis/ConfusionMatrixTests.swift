import KeelCauses
import KeelTestSupport
import Testing

/// Every recipe that is guilty of a cause, or innocent of all: what is found first.
struct ConfusionMatrixTests {
  @Test func isAsRecorded() throws {
    let matrix = try Self.matrix(CauseTests.examples)
    print(matrix)
    #expect(try TextSnapshot("confusion-matrix.txt").difference(from: matrix) == nil)
  }

  /// A count for each pair of a row and a column; a dot for none.
  private static func matrix(_ examples: [CauseTests.Example]) throws -> String {
    let causes = CauseCatalog.standard.causes.filter { !$0.isOfEngines }.map { $0.name }
    var counts: [String: [String: Int]] = [:]
    for example in examples {
      let row = example.isGuilty ? example.cause.name : innocent
      let column = try example.diagnosis.value().findings.first?.cause ?? nothing
      counts[row, default: [:]][column, default: 0] += 1
    }
    let columns = causes + [nothing]
    let width = causes.map(\.count).max() ?? 0
    let rows = (causes + [innocent]).map { row in
      line(row, columns.map { counts[row]?[$0].map { "\($0)" } ?? "·" }, columns, width)
    }
    let head = line("true cause \\ first finding", columns, columns, width)
    return ([head] + rows).joined(separator: "\n") + "\n"
  }

  private static let innocent = "(innocent)"
  private static let nothing = "(nothing)"

  private static func line(
    _ name: String, _ cells: [String], _ columns: [String], _ width: Int
  ) -> String {
    let first = name.padding(to: max(width, 26))
    return first + zip(cells, columns).map { "  " + $0.leading(to: $1.count) }.joined()
  }
}

extension String {
  fileprivate func padding(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
  fileprivate func leading(to width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }
}
