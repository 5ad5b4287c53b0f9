import Foundation
import KeelBenchmarks
import KeelData
import KeelFaults

extension Report {
  /// Draws that came to nothing, by reason.
  var rejections: Table {
    let reasons = Dictionary(grouping: entries.flatMap(\.rejections), by: \.reason)
    var table = Table("Rejected draws", ["reason", "draws"])
    for (reason, own) in reasons.sorted(by: {
      ($1.value.count, $0.key) < ($0.value.count, $1.key)
    }) {
      table.add([reason, "\(own.count)"])
    }
    for failure in entries.flatMap(\.failures) {
      table.add(["**\(failure.id)**: \(failure.reason)", "1"])
    }
    let making = entries.map { $0.seconds[0] }.reduce(0, +)
    let judging = entries.map { $0.seconds[1] }.reduce(0, +)
    table.add(["seconds making recipes, judging them", "\(Int(making)), \(Int(judging))"])
    return table
  }

  /// Every case that fell short, one by one.
  var shortfalls: Table {
    var table = Table(
      "Shortfalls", ["recipe", "what", "faults", "findings", "remedies", "score", "twin"])
    for judgement in exploding where !judgement.shortfalls.isEmpty {
      table.add([
        judgement.specimen.id, judgement.shortfalls.joined(separator: ", "),
        judgement.specimen.faults.map { "\($0.kind.rawValue)=\($0.value)" }.joined(separator: " "),
        judgement.findings.map { "\($0.cause) (\($0.kind.rawValue))" }.joined(separator: ", "),
        judgement.remedies.joined(separator: " + "), Table.number(judgement.score, 3),
        Table.number(judgement.specimen.twin?.score, 3),
      ])
    }
    for judgement in all where !judgement.isExploding {
      let what = [
        judgement.cure == .exploding ? "false alarm" : nil,
        judgement.isForecast ? "false alarm of the forecast" : nil,
      ].compactMap { $0 }
      guard !what.isEmpty else { continue }
      let nature = judgement.specimen.hardness ?? judgement.specimen.verdict.rawValue
      table.add([
        judgement.specimen.id, what.joined(separator: ", "), nature, "", "",
        Table.number(judgement.score, 3), "",
      ])
    }
    return table
  }
}

extension Judgement {
  fileprivate var shortfalls: [String] {
    [
      cure == .exploding ? nil : "not detected", isForecast ? nil : "not forecast",
      isNamed ? nil : "name", isCured ? nil : "not cured",
      !isCured || isAsGood ? nil : "score",
    ].compactMap { $0 }
  }

  var kinds: String {
    specimen.kind == .single ? specimen.faults[0].kind.rawValue : "pair, \(specimen.kind.rawValue)"
  }

  var architecture: String { specimen.blueprint.architecture.rawValue }

  var severity: String {
    guard specimen.kind == .single else { return "pair" }
    return specimen.faults[0].severity.map { String(format: "%6.1f×", $0) } ?? "without a size"
  }

  var firstFinding: String { findings.first?.cause ?? "none" }
}
