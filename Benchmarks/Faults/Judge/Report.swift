import Foundation
import KeelFaults

/// Everything that was found, as tables.
package struct Report {
  private let entries: [Ledger.Entry]
  private let seal: String
  private let all: [Judgement]
  /// Faults whose training explodes: what Keel is to name and to cure.
  private let exploding: [Judgement]
  private let healthy: [Judgement]

  package init(_ entries: [Ledger.Entry], seal: String) {
    (self.entries, self.seal) = (entries, seal)
    all = entries.flatMap(\.judgements)
    exploding = all.filter { $0.specimen.isFault && $0.isExploding }
    healthy = all.filter { !$0.specimen.isFault }
  }

  package var text: String {
    [
      summary, systems, by("fault", \.kinds), by("architecture", \.architecture),
      by("severity", \.severity), confusion, earliness, Self.reliability(exploding),
      Self.forecasts(all), rejections,
      shortfalls,
    ].joined(separator: "\n")
  }

  // MARK: all together

  private var summary: String {
    let faults = all.filter(\.specimen.isFault)
    let sick = faults.filter { !$0.isExploding }
    let singles = exploding.filter { $0.specimen.kind == .single }
    let hard = healthy.filter { $0.specimen.kind == .hard }
    let long = exploding.filter { $0.specimen.blueprint.steps >= 3000 }
    var table = Table("Faults", ["", ""])
    func row(_ name: String, _ value: String) { table.add([name, value]) }
    row("valid faults", "\(faults.count): \(exploding.count) exploding, \(sick.count) not")
    row("healthy recipes", "\(healthy.count), \(hard.count) of them hard")
    row("detected in training", exploding.share { $0.cure == .exploding }.text)
    row("forecast before training", exploding.share { $0.told?.verdict == .exploding }.text)
    row("false alarms: diagnosis and cure", healthy.share { $0.cure == .exploding }.text)
    row("false alarms: forecast", healthy.share { $0.told?.verdict == .exploding }.text)
    row("… of the hard: forecast", hard.share { $0.told?.verdict == .exploding }.text)
    row("not exploding faults called exploding", sick.share { $0.cure == .exploding }.text)
    row("… by the forecast", sick.share { $0.told?.verdict == .exploding }.text)
    row("first finding right (single)", singles.share(\.isNamed).text)
    for kind in [Specimen.Kind.overdetermined, .joint] {
      row(
        "both names and the kind (\(kind.rawValue))",
        exploding.filter { $0.specimen.kind == kind }.share(\.isNamed).text)
    }
    row(
      "pairs right", exploding.filter { $0.specimen.kind != .single }.share(\.isNamed).text)
    row("cured", exploding.share(\.isCured).text)
    row("score ≥ the twin's − 0.02", exploding.share { $0.isCured && $0.isAsGood }.text)
    row("cost of a cure, ≥ 3,000 steps (\(long.count))", Self.cost(long.map(\.cost)))
    row("… the diagnosis' own trials", Self.cost(long.map(\.diagnosisCost)))
    row("cost of a cure, all", Self.cost(exploding.map(\.cost)))
    return table.text
  }

  private static func cost(_ costs: [Double]) -> String {
    "mean \(Table.number(costs.mean)), median \(Table.number(costs.median)), "
      + "90 % \(Table.number(costs.quantile(0.9))) trainings"
  }

  // MARK: beside others

  private var systems: String {
    var table = Table(
      "Systems",
      [
        "system", "detected", "false alarms", "cause named", "cured", "score ≥ twin − 0.02",
        "mean cost",
      ])
    table.add([
      "Keel: forecast", exploding.share { $0.told?.verdict == .exploding }.text,
      healthy.share { $0.told?.verdict == .exploding }.text,
      exploding.share { judgement in
        judgement.told?.suspect.map { name in
          judgement.specimen.faults.contains { $0.names.contains(name) }
        } ?? false
      }.text, "–", "–",
      Table.number(exploding.map { ($0.told?.evaluations ?? 0) / Double($0.fullSteps) }.mean),
    ])
    table.add([
      "Keel: cure", exploding.share { $0.cure == .exploding }.text,
      healthy.share { $0.cure == .exploding }.text, exploding.share(\.isNamed).text,
      exploding.share(\.isCured).text, exploding.share { $0.isCured && $0.isAsGood }.text,
      Table.number(exploding.map { $0.cost + $0.diagnosisCost }.mean),
    ])
    for baseline in Baseline.allCases { table.add(row(of: baseline)) }
    return table.text
  }

  private func row(of baseline: Baseline) -> [String] {
    func answers(_ judgements: [Judgement]) -> [(Judgement, Answer)] {
      judgements.compactMap { judgement in judgement.baselines[baseline].map { (judgement, $0) } }
    }
    let (own, well) = (answers(exploding), answers(healthy))
    let says = own.filter { $0.1.saysExploding != nil }
    let mends = own.filter { $0.1.isCured != nil }
    return [
      baseline.rawValue, says.share { $0.1.saysExploding == true }.text,
      well.filter { $0.1.saysExploding != nil }.share { $0.1.saysExploding == true }.text, "–",
      mends.share { $0.1.isCured == true }.text,
      mends.share { judgement, answer in
        answer.isCured == true
          && (answer.score ?? -.infinity) >= (judgement.specimen.twin?.score ?? 0) - 0.02
      }.text, Table.number(own.map { Double($0.1.steps) / Double($0.0.fullSteps) }.mean),
    ]
  }

  // MARK: by what they are

  private func by(_ name: String, _ key: (Judgement) -> String) -> String {
    var table = Table(
      "By \(name)",
      [
        name, "faults", "exploding", "forecast", "named", "cured", "score ≥ twin − 0.02",
        "cost (median)",
      ])
    let groups = Dictionary(grouping: all.filter(\.specimen.isFault), by: key)
    for (name, group) in groups.sorted(by: { $0.key < $1.key }) {
      let own = group.filter(\.isExploding)
      table.add([
        name, "\(group.count)", "\(own.count)",
        own.share { $0.told?.verdict == .exploding }.text, own.share(\.isNamed).text,
        own.share(\.isCured).text, own.share { $0.isCured && $0.isAsGood }.text,
        Table.number(own.map(\.cost).median),
      ])
    }
    return table.text
  }

  private var confusion: String {
    let singles = exploding.filter { $0.specimen.kind == .single }
    let found = Set(singles.map(\.firstFinding)).sorted()
    var table = Table("Injected against first finding", ["injected"] + found)
    for kind in Fault.Kind.allCases {
      let own = singles.filter { $0.specimen.faults[0].kind == kind }
      if own.isEmpty { continue }
      table.add(
        [kind.rawValue]
          + found.map { name in
            let count = own.count { $0.firstFinding == name }
            return count == 0 ? "" : "\(count)"
          })
    }
    return table.text
  }

  // MARK: in time

  private var earliness: String {
    let dying = exploding.compactMap(\.alarm).filter { ($0.dies ?? 0) > 0 }
    func ahead(_ alarm: Alarm, _ step: Int?) -> Double {
      Double(alarm.dies! - min(alarm.dies!, step ?? alarm.dies!))
    }
    let raised = dying.map { ahead($0, $0.raised) }
    let called = dying.map { ahead($0, $0.called) }
    var table = Table("Earliness: faults that reach NaN after step 0 (\(dying.count))", ["", ""])
    func row(_ name: String, _ steps: [Double]) {
      table.add([
        name,
        "median \(Table.number(steps.median, 0)), 10 % \(Table.number(steps.quantile(0.1), 0))",
      ])
    }
    row("steps from the first alarm to the NaN", raised)
    row("steps from being called exploding to the NaN", called)
    let late = exploding.filter { ($0.alarm?.dies ?? 0) > 0 }
    table.add([
      "forecast before training", late.share { $0.told?.verdict == .exploding }.text,
    ])
    return table.text
  }

  // MARK: what came to nothing

  private var rejections: String {
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
    let (making, judging) = (
      entries.map { $0.seconds[0] }.reduce(0, +), entries.map { $0.seconds[1] }.reduce(0, +)
    )
    return table.text
      + String(
        format: "\n%.0f s making recipes, %.0f s judging them; forecasts sealed: %@\n", making,
        judging,
        seal)
  }

  /// Every case that fell short, one by one.
  private var shortfalls: String {
    var table = Table(
      "Shortfalls", ["recipe", "what", "faults", "findings", "remedies", "score", "twin"])
    for judgement in exploding {
      let what = [
        judgement.cure == .exploding ? nil : "not detected", judgement.isNamed ? nil : "name",
        judgement.isCured ? nil : "not cured",
        !judgement.isCured || judgement.isAsGood ? nil : "score",
      ].compactMap { $0 }
      guard !what.isEmpty else { continue }
      table.add([
        judgement.specimen.id, what.joined(separator: ", "),
        judgement.specimen.faults.map { "\($0.kind.rawValue)=\($0.value)" }.joined(separator: " "),
        judgement.findings.map { "\($0.cause) (\($0.kind.rawValue))" }.joined(separator: ", "),
        judgement.remedies.joined(separator: " + "), Table.number(judgement.score, 3),
        Table.number(judgement.specimen.twin?.score, 3),
      ])
    }
    for judgement in healthy {
      let what = [
        judgement.cure == .exploding ? "false alarm" : nil,
        judgement.told?.verdict == .exploding ? "false alarm of the forecast" : nil,
      ].compactMap { $0 }
      guard !what.isEmpty else { continue }
      table.add([
        judgement.specimen.id, what.joined(separator: ", "), judgement.specimen.hardness ?? "", "",
        "", Table.number(judgement.score, 3), "",
      ])
    }
    return table.text
  }
}

extension Judgement {
  var kinds: String {
    let names = specimen.faults.map(\.kind.rawValue)
    return specimen.kind == .single ? names[0] : "pair, \(specimen.kind.rawValue)"
  }
  var architecture: String { specimen.blueprint.architecture.rawValue }
  var severity: String {
    guard specimen.kind == .single else { return "pair" }
    return specimen.faults[0].severity.map { "\($0)" } ?? "without a size"
  }
  var firstFinding: String { findings.first?.cause ?? "none" }
}
