import KeelBenchmarks
import KeelData
import KeelFaults
import KeelTraining

extension Report {
  /// Keel beside simple systems, on the same recipes.
  var systems: Table {
    var table = Table(
      "Systems",
      [
        "system", "detected", "false alarms", "cause named", "cured", "score ≥ twin − 0.02",
        "mean cost",
      ])
    let suspects = exploding.share { judgement in
      judgement.told?.suspect.map(judgement.names) ?? false
    }
    table.add([
      "Keel: forecast", exploding.share(\.isForecast).text, healthy.share(\.isForecast).text,
      suspects.text, "–", "–",
      Table.number(exploding.map { ($0.told?.evaluations ?? 0) / Double($0.fullSteps) }.mean),
    ])
    table.add([
      "Keel: cure", exploding.share { $0.cure == .exploding }.text,
      healthy.share { $0.cure == .exploding }.text,
      exploding.share { $0.findings.first.map { $0.cause }.map($0.names) ?? false }.text,
      exploding.share(\.isCured).text, exploding.share { $0.isCured && $0.isAsGood }.text,
      Table.number(exploding.map { $0.cost + $0.diagnosisCost }.mean),
    ])
    for baseline in Baseline.allCases { table.add(row(of: baseline)) }
    return table
  }

  /// Healthy recipes called exploding, by what makes them hard.
  var falseAlarms: Table {
    var table = Table(
      "False alarms", ["healthy recipes", "count", "forecast", "cure", "forty steps, then say"])
    let groups = Dictionary(grouping: healthy) { $0.specimen.hardness ?? "plain" }
    for (name, own) in groups.sorted(by: { $0.key < $1.key }) {
      let short = own.compactMap { $0.baselines[.fortySteps]?.saysExploding }
      table.add([
        name, "\(own.count)", "\(own.count(where: \.isForecast))",
        "\(own.count { $0.cure == .exploding })", short.isEmpty ? "–" : "\(short.count { $0 })",
      ])
    }
    return table
  }

  private func row(of baseline: Baseline) -> [String] {
    func answers(_ judgements: [Judgement]) -> [(Judgement, Answer)] {
      judgements.compactMap { judgement in judgement.baselines[baseline].map { (judgement, $0) } }
    }
    let (own, well) = (answers(exploding), answers(healthy))
    let mends = own.filter { $0.1.isCured != nil }
    func says(_ answers: [(Judgement, Answer)]) -> String {
      answers.filter { $0.1.saysExploding != nil }.share { $0.1.saysExploding == true }.text
    }
    return [
      baseline.rawValue, says(own), says(well), "–", mends.share { $0.1.isCured == true }.text,
      mends.share { judgement, answer in
        answer.isCured == true
          && (answer.score ?? -.infinity) >= (judgement.specimen.twin?.score ?? 0) - 0.02
      }.text, Table.number(own.map { Double($0.1.steps) / Double($0.0.fullSteps) }.mean),
    ]
  }
}
