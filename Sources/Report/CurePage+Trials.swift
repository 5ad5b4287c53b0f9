import KeelAuthoring

extension CurePage {
  /// The best of the trials, and how many there were of the others.
  var trials: [String] {
    guard !history.trials.isEmpty else { return [] }
    let own = history.trials.filter { $0.seed == recipe.seed }
    // One that was seen again later stands where it came furthest.
    var seen: Set<String> = []
    let holding = own.filter { $0.outcome == .holds }
      .sorted { ($0.steps, $0.score) > ($1.steps, $1.score) }
      .filter { seen.insert(Self.changes($0)).inserted }
    let rows = holding.prefix(4).map { trial in
      Self.cut(
        "  holds \(Text.right(Text.count(trial.steps), 6)) steps  "
          + "\(Text.padded("score \(Text.number(trial.score))", 14)) "
          + Self.changes(trial, beside: Array(holding.prefix(4))))
    }
    let others = history.trials.filter { $0.seed != recipe.seed }
    let tallies =
      (own.isEmpty ? [] : [tally(own)])
      + (others.isEmpty ? [] : ["on other seeds \(tally(others))"])
    return [
      out.bold("trials") + "  " + tallies.joined(separator: "; ")
    ] + rows + [
      "  in all \(Text.count(history.cost.steps)) steps\(beside) (--json lists every trial)", "",
    ]
  }

  /// How many trainings that is: of the recipe's steps, or of 1,000 where it has fewer.
  private var beside: String {
    let (steps, share) = (history.cost.steps, history.cost.relativeToOneTraining)
    guard share > 0, share.isFinite else { return "" }
    let one = Int((Double(steps) / share).rounded())
    return ", \(Text.number(share)) times a training of \(Text.count(one))"
  }

  /// How trials ended, in words: `12 hold, 3 explode, 1 does not learn`.
  private func tally(_ trials: [CaseHistory.TrialRecord]) -> String {
    let words = [
      (TrialOutcome.holds, "hold"), (.explodes, "explode"), (.doesNotLearn, "do not learn"),
      (.undecided, "undecided"), (.notMade, "not made"),
    ]
    return words.compactMap { outcome, word in
      let count = trials.count { $0.outcome == outcome }
      return count == 0 ? nil : "\(count) \(word)"
    }.joined(separator: ", ")
  }

  /// What one changed; what the others have changed alike comes last, for a row that is cut must
  /// still tell them apart.
  static func changes(
    _ trial: CaseHistory.TrialRecord, beside others: [CaseHistory.TrialRecord] = []
  ) -> String {
    func words(_ trial: CaseHistory.TrialRecord) -> [String] {
      trial.remedies.flatMap(\.changes).map { "\($0.path)=\($0.to?.brief().line ?? "none")" }
    }
    let known = others.map { Set(words($0)) }
    let ranked = words(trial).enumerated().map { place, word in
      (word: word, rank: (known.count { $0.contains(word) }, place))
    }
    return ranked.sorted { $0.rank < $1.rank }.map(\.word).joined(separator: " ")
  }

  static func cut(_ line: String) -> String {
    line.count > Text.width ? line.prefix(Text.width - 1) + "…" : line
  }
}
