import Foundation
import KeelBenchmarks
import KeelData
import KeelFaults
import KeelForecast

/// Everything that was found, as tables.
package struct Report {
  let entries: [Ledger.Entry]
  private let seal: Seal
  package let all: [Judgement]
  package let faults: [Judgement]
  /// Faults whose training explodes: what Keel is to name and to cure.
  package let exploding: [Judgement]
  package let healthy: [Judgement]
  /// Faults that train.
  package let mild: [Judgement]

  package init(_ entries: [Ledger.Entry], _ seal: Seal) {
    (self.entries, self.seal) = (entries, seal)
    all = entries.flatMap(\.judgements)
    mild = all.filter { $0.specimen.kind == .mild }
    faults = all.filter { $0.specimen.isFault && $0.specimen.kind != .mild }
    exploding = faults.filter(\.isExploding)
    healthy = all.filter { !$0.specimen.isFault || $0.specimen.kind == .mild }
  }

  package var tables: [Table] {
    [
      summary, systems, falseAlarms, by("fault", \.kinds), by("architecture", \.architecture),
      by("severity", \.severity), confusion, earliness,
      Reliability(findings: faults).table("Reliability of findings"),
      Reliability(
        all.compactMap { judgement in
          judgement.told.map { ($0.probability, judgement.isExploding) }
        }
      ).table("Reliability of sealed forecasts"), edges, rejections, shortfalls,
    ]
  }

  package var text: String {
    tables.map(\.text).joined()
      + "\nSealed forecasts end in \(seal.hash.isEmpty ? "nothing" : seal.hash).\n"
  }

  /// The same tables as JSON.
  package var json: Data {
    get throws {
      struct Document: Encodable {
        let tables: [Table]
        let seal: String
      }
      return try Ledger.encoder.encode(Document(tables: tables, seal: seal.hash))
    }
  }

  // MARK: all together

  private var summary: Table {
    let sick = faults.filter { !$0.isExploding }
    let hard = healthy.filter { $0.specimen.kind == .hard }
    let pairs = exploding.filter { $0.specimen.kind != .single }
    let long = exploding.filter { $0.specimen.blueprint.steps >= 3000 && $0.isCured }
    var table = Table("Faults and healthy recipes", ["", ""])
    func row(_ name: String, _ value: String) { table.add([name, value]) }
    row("valid faults", "\(faults.count): \(exploding.count) exploding, \(sick.count) not")
    row("could not be judged", "\(entries.reduce(0) { $0 + $1.failures.count })")
    row("healthy recipes", "\(healthy.count), \(hard.count) of them hard")
    row("forecasts sealed before the first training", all.share(seal.holds).text)
    row("detected in training", exploding.share { $0.cure == .exploding }.text)
    row("… and trained after all, if nobody had stopped it", exploding.share(\.recovers).text)
    row("forecast before training", exploding.share(\.isForecast).text)
    row("false alarms: diagnosis and cure", healthy.share { $0.cure == .exploding }.text)
    row("false alarms: forecast", healthy.share(\.isForecast).text)
    row("… of the hard: diagnosis and cure", hard.share { $0.cure == .exploding }.text)
    row("… of the hard: forecast", hard.share(\.isForecast).text)
    let daily = healthy.filter { $0.specimen.hardness == Healthy.Hardness.custom.rawValue }
    if !daily.isEmpty {
      row("… of what is used daily: diagnosis and cure", daily.share { $0.cure == .exploding }.text)
      row("… of what is used daily: forecast", daily.share(\.isForecast).text)
    }
    row("other faults called exploding", sick.share { $0.cure == .exploding }.text)
    row("… by the forecast", sick.share(\.isForecast).text)
    row(
      "first finding right (single)",
      exploding.filter { $0.specimen.kind == .single }.share(\.isNamed).text)
    row("pairs: both names and the kind", pairs.share(\.isNamed).text)
    for kind in [Specimen.Kind.overdetermined, .joint] {
      row("… \(kind.rawValue)", pairs.filter { $0.specimen.kind == kind }.share(\.isNamed).text)
    }
    row(
      "first finding right where nothing explodes (single)",
      sick.filter { $0.specimen.kind == .single }.share(\.isNamed).text)
    row("cured where nothing explodes", sick.share(\.isCured).text)
    row(
      "… score ≥ the twin's − 0.02", sick.share { $0.isCured && $0.isAsGood }.text)
    row("… cost", Self.cost(sick.filter(\.isCured).map(\.cost)))
    row(
      "cures that change no more than was put in",
      faults.filter(\.isCured).share { $0.changes.count <= $0.specimen.faults.count }.text)
    let counted = faults.filter { $0.isCured && $0.specimen.settings != nil }
    row(
      "cures that change no more settings than the faults did",
      counted.share { $0.changes.count <= $0.specimen.settings ?? 0 }.text)
    row("called incurable", faults.share { $0.outcome == "incurable" }.text)
    row("cured", exploding.share(\.isCured).text)
    row("cured, score ≥ the twin's − 0.02", exploding.share { $0.isCured && $0.isAsGood }.text)
    row("… the twins' own scores on two other seeds", twinsAgain.share { $0 }.text)
    row("cost of a cure, ≥ 3,000 steps (\(long.count))", Self.cost(long.map(\.cost)))
    row("… the diagnosis' own trials besides", Self.cost(long.map(\.diagnosisCost)))
    row("cost of a cure, all that were cured", Self.cost(exploding.filter(\.isCured).map(\.cost)))
    if !mild.isEmpty {
      let behind = mild.filter { $0.shortfall > 0.15 }
      let level = mild.filter { $0.shortfall < Judgement.tolerance }
      row("healthy, but 0.15 behind the twin: told", behind.share { $0.couldReach != nil }.text)
      row("as good as the twin: nothing said", level.share { $0.couldReach == nil }.text)
    }
    return table
  }

  /// Whether a twin, untouched but for its seed, comes within 0.02 of its own score: what the line
  /// above can be held against.
  ///
  /// There is one for each fault that explodes; none where the seed makes the rows as well.
  private var twinsAgain: [Bool] {
    entries.flatMap { entry -> [Bool] in
      let twin = entry.judgements.first { $0.specimen.kind == .healthy }
      let scores = twin?.specimen.outcomes.map(\.score) ?? []
      guard let plan = twin?.specimen.blueprint, plan.isFile || plan.source == .mnist else {
        return []
      }
      let again = scores.dropFirst().map { $0 >= scores[0] - Judgement.tolerance }
      let count = entry.judgements.count { $0.specimen.isFault && $0.isExploding }
      return Array(repeating: again, count: count).flatMap { $0 }
    }
  }

  private static func cost(_ costs: [Double]) -> String {
    "mean \(Table.number(costs.mean)), median \(Table.number(costs.median)), "
      + "90 % below \(Table.number(costs.quantile(0.9))) trainings"
  }

  // MARK: by what they are

  private func by(_ name: String, _ key: (Judgement) -> String) -> Table {
    var table = Table(
      "By \(name)",
      [
        name, "faults", "exploding", "forecast", "named", "cured", "score ≥ twin − 0.02",
        "cost (median)",
      ])
    let groups = Dictionary(grouping: faults, by: key)
    for (name, group) in groups.sorted(by: { $0.key < $1.key }) {
      let own = group.filter(\.isExploding)
      table.add([
        name, "\(group.count)", "\(own.count)", own.share(\.isForecast).text,
        group.share(\.isNamed).text, group.share(\.isCured).text,
        group.share { $0.isCured && $0.isAsGood }.text, Table.number(group.map(\.cost).median),
      ])
    }
    return table
  }

  private var confusion: Table {
    let singles = faults.filter { $0.specimen.kind == .single }
    let found = Set(singles.map(\.firstFinding)).sorted()
    var table = Table("Injected against first finding (single faults)", ["injected"] + found)
    for kind in Fault.Kind.allCases {
      let own = singles.filter { $0.specimen.faults[0].kind == kind }
      if own.isEmpty { continue }
      let counts = found.map { name in own.count { $0.firstFinding == name } }
      table.add([kind.rawValue] + counts.map { $0 == 0 ? "" : "\($0)" })
    }
    return table
  }

  // MARK: in time

  private var earliness: Table {
    let dying = exploding.filter { ($0.alarm?.dies ?? 0) > 0 }
    func ahead(_ step: (Alarm) -> Int?) -> String {
      let steps = dying.compactMap(\.alarm).compactMap { alarm in
        alarm.dies.map { Double($0 - min($0, step(alarm) ?? $0)) }
      }
      return "median \(Table.number(steps.median, 0)), 90 % above "
        + Table.number(steps.quantile(0.1), 0)
    }
    var table = Table("Earliness: faults that reach NaN after step 0 (\(dying.count))", ["", ""])
    table.add(["steps from the first alarm to the NaN", ahead(\.raised)])
    table.add(["steps from the call of an explosion to the NaN", ahead(\.called)])
    table.add(["forecast before training", dying.share(\.isForecast).text])
    // Beyond what a dry run sees.
    let late = exploding.compactMap { judgement in
      (judgement.alarm?.called ?? judgement.alarm?.raised).map { (judgement, step: Double($0)) }
    }.filter { $0.step > Double(DryRun.length) }
    table.add(["called after step \(DryRun.length): forecast", late.share { $0.0.isForecast }.text])
    let ratios = late.compactMap { judgement, step in
      judgement.isForecast ? judgement.told?.step.map { Double($0) / step } : nil
    }
    let errors = ratios.map { max($0, 1 / max($0, 1e-9)) }
    table.add(["… the step said, ÷ that of the call", "median \(Table.number(ratios.median))"])
    table.add([
      "… off by a factor",
      "median \(Table.number(errors.median)), within ×1.5 "
        + errors.share { $0 <= 1.5 }.text,
    ])
    return table
  }

  /// The largest rate a forecast takes to hold, against where trainings begin to fail.
  private var edges: Table {
    let known = healthy.filter { $0.specimen.kind == .healthy && $0.specimen.rateEdge != nil }
    let errors = known.compactMap { judgement -> Double? in
      guard let limit = judgement.told?.limit, let edge = judgement.specimen.rateEdge else {
        return nil
      }
      return limit / edge
    }
    var table = Table("Forecast limit of the rate ÷ measured edge (twins)", ["", ""])
    table.add(["median", Table.number(errors.median)])
    table.add([
      "80 % between",
      "\(Table.number(errors.quantile(0.1))) and \(Table.number(errors.quantile(0.9)))",
    ])
    table.add(["within ×2", errors.share { (0.5...2).contains($0) }.text])
    table.add(["none forecast", "\(known.count - errors.count)/\(known.count)"])
    return table
  }
}
