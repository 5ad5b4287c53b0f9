import Dispatch
import KeelCauses
import KeelEngine
import KeelRecipes
import KeelTraining

/// Contenders trained side by side for the same number of steps, three times as many in each round;
/// who explodes is out, and of those that hold the best third goes on.
///
/// Only scores after equally many steps are compared.
struct SuccessiveHalving {
  private let control: Trainer
  private let subject: Subject
  /// The steps of the whole recipe.
  private let horizon: Int
  /// Steps of the first round.
  private let first: Int
  private(set) var steps = 0
  private(set) var records: [CaseHistory.TrialRecord] = []
  private let observe: (CaseHistory.TrialRecord) -> Void

  /// Scores that differ by less are taken for equal.
  static let tolerance = 0.02
  /// The skill of a trial that needs no rival: half of what there is to learn, in the first tenth of
  /// the run. Below it others may do much better.
  static let convincing = 0.5
  /// A test part that is worse than the training part by more: another remedy may generalise better.
  static let overfit = 0.1
  /// Recipes that have been tried: nobody enters twice.
  private var tried: Set<Recipe> = []
  /// Who held in `open`, and was not refuted on other seeds.
  private var veterans: [Contender] = []
  /// Recipes that hold on no other seed, or not to the end.
  private(set) var refuted: Set<Recipe> = []

  /// - Parameter control: the run that exploded.
  init(
    _ subject: Subject, against control: Trainer,
    observe: @escaping (CaseHistory.TrialRecord) -> Void
  ) {
    self.subject = subject
    self.control = control
    self.observe = observe
    horizon = max(control.batches.total, Trial.least)
    // Two epochs, but no more than a tenth of the run: many contenders must fit the budget. A trial
    // goes well beyond the step that the recipe exploded in.
    let epochs = min(2 * control.batches.stepsPerEpoch, horizon / 10)
    let explosion = control.explosion?.step ?? 0
    first = min(max(100, epochs, 2 * explosion, explosion + 100), horizon)
  }

  // MARK: rounds

  /// Trains what undoes the causes for one round, and for more where nobody is convincing yet.
  ///
  /// - Parameters:
  ///   - length: steps after which an experiment was seen to learn; who does not explode goes on as far.
  ///   - budget: steps that may be taken.
  /// - Returns: those that hold, the one to take first.
  mutating func open(_ courses: [Course], as length: Int, budget: Int) throws -> [Contender] {
    // Whoever is ahead must still show itself on another seed.
    let end = steps + budget - first
    var field: [Contender] = []
    try enter(courses, into: &field, until: end) { $0.outcome != .explodes }
    var next = first
    while !field.isEmpty, !field.contains(where: Self.isConvincing), next < max(3 * first, length) {
      let last = next
      next = min(3 * next, horizon)
      guard next > last, case let room = (end - steps) / (next - last), room > 0 else { break }
      // Where not all can go on, the best do: what was shown to heal may take that long to show itself.
      let better = field.sorted { $0.score > $1.score }
      for contender in better.dropFirst(room) { report(contender) }
      field = Array(better.prefix(room))
      try advance(&field, to: next)
    }
    for contender in field { report(contender) }
    let holding = Self.ranked(field.filter { $0.outcome == .holds })
    veterans += holding
    return holding
  }

  /// It learns, and what it learns holds on the test part as well.
  static func isConvincing(_ contender: Contender) -> Bool {
    guard contender.outcome == .holds, let metric = contender.training.metric else { return false }
    return contender.training.skill >= convincing && metric.score >= metric.train - overfit
  }

  /// Who held in `open` joins once the others have come as far.
  ///
  /// - Parameters:
  ///   - courses: remedies to try; each is made when its turn comes.
  ///   - challengers: what joins the field once one of them is ahead.
  ///   - opening: steps that may be taken until one of them holds.
  ///   - budget: steps that all rounds may take together.
  /// - Returns: those that hold, the one to take first.
  mutating func play(
    _ courses: [Course], challengers: (Contender) -> [Course], opening: Int, budget: Int
  ) throws -> [Contender] {
    // Whoever is ahead must still show itself on other seeds.
    let end = steps + budget - 2 * first
    let opened = min(steps + opening, end)
    var field: [Contender] = []
    do {
      try enter(courses, into: &field, until: opened)
      if let leader = Self.ranked((field + veterans).filter { $0.outcome == .holds }).first {
        try enter(challengers(leader), into: &field, until: end)
      }
      var length = first
      var leader: Contender?
      while length < horizon {
        field += veterans.filter { $0.trainer.step <= length }
        veterans.removeAll { $0.trainer.step <= length }
        let ahead = Self.ranked(field.filter { $0.outcome == .holds }).first
        if veterans.isEmpty, Self.isDecided(field, ahead, as: leader) { break }
        leader = ahead
        // Where nobody holds yet, what comes after must find enough left.
        let limit = field.contains { $0.outcome == .holds } ? end : min(end, opened)
        guard steps < limit else { break }
        let next = min(horizon, 3 * length)
        let better = Self.advancing(field).prefix(max(1, (limit - steps) / (next - length)))
        for contender in field where !better.contains(where: { $0.trainer === contender.trainer }) {
          report(contender)
        }
        field = Array(better)
        length = next
        try advance(&field, to: length)
        for contender in field where !contender.isAlive { report(contender) }
        field = field.filter(\.isAlive)
      }
    } catch {
      // Whoever was ahead is what an interrupted search has come to.
      for contender in field { report(contender) }
      throw error
    }
    for contender in field { report(contender) }
    return Self.ranked((field + veterans).filter { $0.outcome == .holds })
  }

  /// Contenders that fit memory beside each other and the run that exploded.
  private var places: Int {
    max(1, Planner.memoryLimit / max(1, control.stepper.plan.floats * 4) - 1)
  }

  /// The first round of those whose turn comes before a number of steps is spent; who is left of them
  /// joins the field.
  private mutating func enter(
    _ courses: [Course], into field: inout [Contender], until end: Int,
    keeping isKept: (Contender) -> Bool = { $0.isAlive }
  ) throws {
    for course in courses where steps < end {
      let room = places - field.count - veterans.count
      var entries: [Contender] = []
      for remedies in course.entries() where entries.count < room {
        guard let contender = Contender(remedies, on: subject, from: control),
          tried.insert(contender.recipe).inserted
        else { continue }
        entries.append(contender)
      }
      try Task.checkCancellation()
      do {
        try advance(&entries, to: first)
      } catch {
        field += entries
        throw error
      }
      for contender in entries where !isKept(contender) { report(contender) }
      field += entries.filter(isKept)
    }
  }

  /// Trains all of them up to a step, side by side: each has memory of its own, and what a thread
  /// computes does not depend on how many there are.
  private mutating func advance(_ field: inout [Contender], to step: Int) throws {
    let before = field.reduce(0) { $0 + $1.trainer.step }
    field.withUnsafeMutableBufferPointer { contenders in
      withUnsafeCurrentTask { task in
        // Each iteration has a contender of its own; asking a task whether it is cancelled is allowed
        // from any thread.
        nonisolated(unsafe) let (contenders, task) = (contenders, task)
        DispatchQueue.concurrentPerform(iterations: contenders.count) { index in
          _ = try? contenders[index].advance(
            to: step, isCancelled: { task?.isCancelled ?? false })
        }
      }
    }
    steps += field.reduce(0) { $0 + $1.trainer.step } - before
    try Task.checkCancellation()
  }

  private mutating func report(_ contender: Contender) {
    records.append(contender.record)
    observe(contender.record)
  }

  /// Nobody is left, or one alone and it holds, or the same one is ahead for the second time.
  private static func isDecided(_ field: [Contender], _ ahead: Contender?, as leader: Contender?)
    -> Bool
  {
    guard let ahead else { return field.isEmpty }
    return field.count == 1 || ahead.trainer === leader?.trainer
  }

  /// The best third of those that hold, the best and the cheapest of the good ones among them; two who
  /// have not learnt yet but still fall stay with them, three where nobody has (a third of the good
  /// cures look dead at 100 steps).
  private static func advancing(_ field: [Contender]) -> [Contender] {
    let holding = ranked(field.filter { $0.outcome == .holds })
    let falling = field.filter { $0.outcome != .holds }
      .sorted { $0.training.loss < $1.training.loss }
    guard let best = holding.indices.max(by: { holding[$0].score < holding[$1].score }) else {
      return Array(falling.prefix(3))
    }
    let third = Set(holding.indices.prefix((holding.count + 2) / 3)).union([best])
    return third.sorted().map { holding[$0] } + falling.prefix(2)
  }

  /// Those within 0.02 of the best score, the cheapest first; then the rest, the better first.
  static func ranked(_ holding: [Contender]) -> [Contender] {
    let best = holding.map(\.score).max() ?? 0
    func isEligible(_ contender: Contender) -> Bool {
      contender.score >= best - tolerance
    }
    return holding.filter(isEligible).sorted {
      ($0.price, -$0.score) < ($1.price, -$1.score)
    } + holding.filter { !isEligible($0) }.sorted { $0.score > $1.score }
  }

  /// Trains to the end of the recipe: what the cure comes to. What began at a snapshot, or repeated the
  /// data, begins again, as the cured recipe will.
  mutating func finish(_ contender: Contender, observe: (Step) -> Void) throws -> Contender {
    var contender = contender
    if contender.start > 0 || contender.isLengthened,
      let whole = Contender(contender.remedies, on: subject, isFinal: true)
    {
      contender = whole
    }
    steps += try contender.advance(to: contender.trainer.batches.total, observe: observe)
    if contender.outcome != .holds { refuted.insert(contender.recipe) }
    return contender
  }

  // MARK: other seeds

  /// Whether it holds on two of three seeds (data order and initialisation both), and no worse there
  /// than the best of the others.
  mutating func isConfirmed(_ contender: Contender, among others: [Contender]) throws -> Bool {
    veterans.removeAll { $0.trainer === contender.trainer }
    let best = others.max { $0.score < $1.score }
    let rival = best.flatMap { $0.score > contender.score ? $0 : nil }
    let length = max(contender.heldAt ?? horizon, rival?.heldAt ?? 0)
    var isHolding = false
    for offset in UInt64(1)...2 {
      let seed = subject.recipe.seed &+ offset
      let own = try score(contender, seed: seed, steps: length)
      if own == -.infinity { continue }
      isHolding = true
      let best = try rival.map { try score($0, seed: seed, steps: length) } ?? own
      if own >= best - Self.tolerance { return true }
    }
    if !isHolding { refuted.insert(contender.recipe) }
    return false
  }

  /// The score on another seed after so many steps, or three times as many where it has not learnt by
  /// then; −∞ where it does not hold.
  private mutating func score(_ contender: Contender, seed: UInt64, steps length: Int) throws
    -> Double
  {
    guard var other = Contender(contender.remedies, on: subject, seed: seed) else {
      return -.infinity
    }
    steps += try other.advance(to: length)
    if other.outcome != .holds, other.isAlive {
      steps += try other.advance(to: min(3 * length, horizon))
    }
    report(other)
    return other.outcome == .holds ? other.score : -.infinity
  }
}
