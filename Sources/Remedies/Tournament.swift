import KeelCauses
import KeelRecipes
import KeelTraining

/// Contenders trained side by side for the same number of steps, three times as many in each round;
/// who explodes is out, and of those that hold the worse half does not go on.
///
/// Only scores after equally many steps are compared.
struct Tournament {
  private let subject: Subject
  private let horizon: Int
  private(set) var steps = 0
  private(set) var records: [CaseHistory.TrialRecord] = []
  private let observe: (CaseHistory.TrialRecord) -> Void

  /// - Parameter horizon: the steps of the whole recipe.
  init(
    _ subject: Subject, horizon: Int, observe: @escaping (CaseHistory.TrialRecord) -> Void
  ) {
    self.subject = subject
    self.horizon = horizon
    self.observe = observe
  }

  /// - Parameters:
  ///   - entries: remedies to try, each list applied as one.
  ///   - first: steps of the first round.
  ///   - budget: steps that all of them may take together.
  /// - Returns: those that hold, the one to take first.
  mutating func play(_ entries: [[any Remedy]], first: Int, budget: Int) throws -> [Contender] {
    var budget = budget
    var field = entries.compactMap { Contender($0, on: subject) }
    var length = min(first, horizon)
    while true {
      for index in field.indices where budget > 0 {
        let taken = try field[index].advance(to: length)
        steps += taken
        budget -= taken
      }
      for contender in field where !contender.isAlive || length >= horizon { report(contender) }
      field = field.filter { $0.isAlive && $0.trainer.step >= min(length, horizon) }
      let holding = field.filter { $0.outcome == .holds }
      if length >= horizon || budget <= 0 || Self.isDecided(field, holding) {
        if length < horizon {
          for contender in field { report(contender) }
        }
        return Self.ranked(holding)
      }
      let better = Self.betterHalf(field)
      for contender in field where !better.contains(where: { $0.trainer === contender.trainer }) {
        report(contender)
      }
      field = better
      length = min(horizon, 3 * length)
    }
  }

  private mutating func report(_ contender: Contender) {
    records.append(contender.record)
    observe(contender.record)
  }

  /// Nothing can change any more: nobody is left, or one alone and it holds.
  private static func isDecided(_ field: [Contender], _ holding: [Contender]) -> Bool {
    field.isEmpty || (field.count == 1 && holding.count == 1)
  }

  /// The better half, in the order in which they would be taken; two who have not learnt yet but still
  /// fall stay (a third of the good cures look dead at 100 steps), and all of them where nobody has.
  private static func betterHalf(_ field: [Contender]) -> [Contender] {
    let holding = ranked(field.filter { $0.outcome == .holds })
    let falling = field.filter { $0.outcome != .holds }
    guard !holding.isEmpty else { return falling }
    return Array(holding.prefix((holding.count + 1) / 2)) + Array(falling.prefix(2))
  }

  /// Those within 0.02 of the best score, the cheapest first, then the better; then the rest.
  static func ranked(_ holding: [Contender]) -> [Contender] {
    let best = holding.map(\.training.score).max() ?? 0
    return holding.sorted {
      let (a, b) = ($0.training.score >= best - 0.02, $1.training.score >= best - 0.02)
      if a != b { return a }
      return ($0.price, -$0.training.score) < ($1.price, -$1.training.score)
    }
  }
}
