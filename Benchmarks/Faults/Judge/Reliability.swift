import KeelFaults

extension Report {
  /// Whether a confidence of 0.9 is right nine times of ten: bins of at least fifty findings.
  package static func reliability(_ judgements: [Judgement]) -> String {
    let pairs = judgements.flatMap { judgement in
      judgement.findings.map { (confidence: $0.confidence, isRight: judgement.isRight($0)) }
    }.sorted { $0.confidence < $1.confidence }
    var bins: [[(confidence: Double, isRight: Bool)]] = []
    for pair in pairs {
      let isSame = bins.last?.last?.confidence == pair.confidence
      if let last = bins.last, isSame || last.count < 50 {
        bins[bins.count - 1].append(pair)
      } else {
        bins.append([pair])
      }
    }
    if bins.count > 1, bins.last!.count < 50 { bins[bins.count - 2] += bins.removeLast() }
    var table = Table("Reliability of findings", ["confidence", "mean", "findings", "right"])
    for bin in bins {
      let (low, high) = (bin.first!.confidence, bin.last!.confidence)
      table.add([
        low == high ? Table.number(low) : "\(Table.number(low))–\(Table.number(high))",
        Table.number(bin.map(\.confidence).mean, 3), "\(bin.count)",
        bin.share(\.isRight).text,
      ])
    }
    let brier = Self.brier(pairs.map { ($0.confidence, $0.isRight) })
    return table.text + "\nBrier score \(Table.number(brier, 3)) of \(pairs.count) findings\n"
  }

  /// The mean squared distance of a probability from what came.
  private static func brier(_ pairs: [(probability: Double, came: Bool)]) -> Double {
    pairs.map { $0.probability - ($0.came ? 1 : 0) }.map { $0 * $0 }.mean
  }

  /// Sealed forecasts against what came: probability of an explosion, and the largest rate.
  package static func forecasts(_ judgements: [Judgement]) -> String {
    let told = judgements.compactMap { judgement in judgement.told.map { (judgement, $0) } }
    let brier = brier(told.map { ($0.1.probability, $0.0.isExploding) })
    // Of recipes whose rate alone was varied to find the edge.
    let known = told.filter { !$0.0.specimen.isFault && $0.0.specimen.rateEdge != nil }
    let errors = known.compactMap { judgement, told in
      told.limit.map { $0 / judgement.specimen.rateEdge! }
    }
    let none = known.count - errors.count
    var table = Table("Sealed forecasts", ["", ""])
    table.add(["Brier score", "\(Table.number(brier, 4)) of \(told.count)"])
    table.add([
      "forecast limit ÷ measured edge",
      "median \(Table.number(errors.median)), 10 % \(Table.number(errors.quantile(0.1))), "
        + "90 % \(Table.number(errors.quantile(0.9))) of \(errors.count); none found \(none)",
    ])
    table.add(["within ×2", errors.share { (0.5...2).contains($0) }.text])
    for verdict in ["stable", "vanishing", "exploding"] {
      let own = told.filter { $0.1.verdict.rawValue == verdict }
      table.add(["said \(verdict): exploded", own.share { $0.0.isExploding }.text])
    }
    return table.text
  }
}
