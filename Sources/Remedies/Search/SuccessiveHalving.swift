import KeelCauses
import KeelEngine
import KeelRecipes
import KeelTraining

/// Candidates trained side by side for the same number of steps, three times as many in each round;
/// who explodes is out, and of those that hold the best third goes on.
///
/// Only scores after equally many steps are compared.
struct SuccessiveHalving {
  private let control: any TrainingSession
  /// What the diagnosis has tried.
  private let runner: TrialRunner
  private let problem: Problem
  /// The steps of the whole recipe.
  private let horizon: Int
  /// Steps of the first round.
  private let first: Int
  private(set) var steps = 0
  private(set) var records: [CaseHistory.TrialRecord] = []
  private let observe: (CaseHistory.TrialRecord) -> Void

  /// Recipes that have been tried: none is admitted twice.
  private var tried: Set<Recipe> = []
  /// Who held in `open`, and was not refuted on other seeds.
  private var survivors: [Candidate] = []
  /// Recipes that hold on no other seed, or not to the end.
  private(set) var refuted: Set<Recipe> = []

  /// - Parameters:
  ///   - control: the run that exploded.
  ///   - runner: has made the experiments of its diagnosis.
  init(
    _ problem: Problem, against control: any TrainingSession, after runner: TrialRunner,
    observe: @escaping (CaseHistory.TrialRecord) -> Void
  ) {
    self.problem = problem
    self.control = control
    self.runner = runner
    self.observe = observe
    horizon = max(control.total, Trial.least)
    first = Self.firstRound(of: control)
  }

  /// Steps of the first round of a search against a run that failed.
  static func firstRound(of control: any TrainingSession) -> Int {
    let horizon = max(control.total, Trial.least)
    let epochs = min(
      SearchPolicy.first.epochs * control.stepsPerEpoch, horizon / SearchPolicy.first.parts)
    // A trial goes well beyond the step that the recipe exploded in.
    let explosion = control.explosion?.step ?? 0
    let least = SearchPolicy.firstRound
    return min(max(least, epochs, explosion + max(least, explosion / SearchPolicy.beyond)), horizon)
  }

  // MARK: rounds

  /// Trains what undoes the causes for one round, and for more where nobody is convincing yet.
  ///
  /// - Parameters:
  ///   - length: steps after which an experiment was seen to learn; who does not explode goes on as
  ///     far.
  ///   - budget: steps that may be taken.
  ///   - remembering: whether those that hold are candidates in later rounds, too.
  /// - Returns: those that hold, the one to take first.
  mutating func open(
    _ brackets: [Bracket], as length: Int, budget: Int, remembering: Bool = true
  ) throws -> [Candidate] {
    // Whoever is ahead must still show itself on another seed.
    let end = steps + budget - first
    var pool: [Candidate] = []
    try admit(brackets, into: &pool, until: end) {
      $0.outcome != .explodes && $0.outcome != .notMade
    }
    var next = first
    while !pool.isEmpty, !pool.contains(where: Self.isConvincing),
      next < max(SearchPolicy.growth * first, length)
    {
      let last = next
      next = min(SearchPolicy.growth * next, horizon)
      guard next > last, case let room = (end - steps) / (next - last), room > 0 else { break }
      // Where not all can go on, the best do: what was shown to heal may take that long to show
      // itself.
      keep(pool.sorted { $0.score > $1.score }.prefix(room), of: &pool)
      try advance(&pool, to: next)
    }
    for candidate in pool { report(candidate) }
    let holding = Self.ranked(pool.filter { $0.outcome == .holds })
    if remembering { survivors += holding }
    return holding
  }

  /// It learns, and what it learns holds on the test part as well.
  static func isConvincing(_ candidate: Candidate) -> Bool {
    guard candidate.outcome == .holds, let metric = candidate.training.metric else { return false }
    return candidate.training.skill >= SearchPolicy.convincing
      && metric.score >= metric.train - SearchPolicy.overfit
  }

  /// Who held in `open` joins once the others have come as far.
  ///
  /// - Parameters:
  ///   - brackets: remedies to try; each is made when its turn comes.
  ///   - challengers: what joins the pool once one of them is ahead.
  ///   - opening: steps that may be taken until one of them holds.
  ///   - budget: steps that all rounds may take together.
  /// - Returns: those that hold, the one to take first.
  mutating func run(
    _ brackets: [Bracket], challengers: (Candidate) -> [Bracket], opening: Int, budget: Int
  ) throws -> [Candidate] {
    // Whoever is ahead must still show itself on other seeds.
    let end = steps + budget - 2 * first
    let opened = min(steps + opening, end)
    var pool: [Candidate] = []
    do {
      try admit(brackets, into: &pool, until: opened)
      if let leader = Self.ranked((pool + survivors).filter { $0.outcome == .holds }).first {
        try admit(challengers(leader), into: &pool, until: end)
      }
      var length = first
      var leader: Candidate?
      while length < horizon {
        pool += survivors.filter { $0.shownStep <= length }
        survivors.removeAll { $0.shownStep <= length }
        let ahead = Self.ranked(pool.filter { $0.outcome == .holds }).first
        if survivors.isEmpty, Self.isDecided(pool, ahead, as: leader) { break }
        leader = ahead
        // Where nobody holds yet, what comes after must find enough left.
        let limit = pool.contains { $0.outcome == .holds } ? end : min(end, opened)
        guard steps < limit else { break }
        let next = min(horizon, SearchPolicy.growth * length)
        let better = Self.advancing(pool).prefix(max(1, (limit - steps) / (next - length)))
        keep(better, of: &pool)
        length = next
        try advance(&pool, to: length)
        for candidate in pool where !candidate.isAlive { report(candidate) }
        pool = pool.filter(\.isAlive)
      }
    } catch {
      // Whoever was ahead is what an interrupted search has come to.
      for candidate in pool { report(candidate) }
      throw error
    }
    for candidate in pool { report(candidate) }
    return Self.ranked((pool + survivors).filter { $0.outcome == .holds })
  }

  /// Candidates that fit memory beside each other and the run that exploded.
  private var places: Int {
    max(1, Planner.memoryLimit / max(1, control.floats * 4) - 1)
  }

  /// The first round of those whose turn comes before a number of steps is spent; who is left of
  /// them joins the pool.
  private mutating func admit(
    _ brackets: [Bracket], into pool: inout [Candidate], until end: Int,
    keeping isKept: (Candidate) -> Bool = { $0.isAlive }
  ) throws {
    var waiting = brackets[...]
    while steps < end, !waiting.isEmpty {
      let room = places - pool.count - survivors.count
      guard room > 0 else { break }
      var entries: [Candidate] = []
      while entries.count < min(SearchPolicy.beside, room), steps + entries.count * first < end,
        let bracket = waiting.popFirst()
      {
        for remedies in bracket.entries() where entries.count < room {
          guard var candidate = Candidate(remedies, on: problem, from: control),
            !runner.isDoomed(candidate.recipe), tried.insert(candidate.recipe).inserted
          else { continue }
          // An experiment of the diagnosis may have trained the same.
          if let (ahead, earlier) = runner.takeSession(of: candidate.session.recipe) {
            try candidate.goOn(from: ahead, showing: earlier)
          }
          entries.append(candidate)
        }
      }
      try Task.checkCancellation()
      do {
        try advance(&entries, to: first)
      } catch {
        pool += entries
        throw error
      }
      for candidate in entries where !isKept(candidate) { report(candidate) }
      pool += entries.filter(isKept)
    }
  }

  /// Trains all of them up to a step, side by side: each has memory of its own, and what a thread
  /// computes does not depend on how many there are.
  private mutating func advance(_ pool: inout [Candidate], to step: Int) throws {
    let before = pool.reduce(0) { $0 + $1.session.step }
    let candidates = pool
    pool = try SideBySide.map(pool.count, places: problem.engine?.places) { place, isCancelled in
      var candidate = candidates[place]
      _ = try? candidate.advance(to: step, isCancelled: isCancelled)
      return candidate
    }
    steps += pool.reduce(0) { $0 + $1.session.step } - before
    try Task.checkCancellation()
  }

  /// Who does not go on has shown what it can.
  private mutating func keep(_ better: some Sequence<Candidate>, of pool: inout [Candidate]) {
    let better = Array(better)
    for candidate in pool where !better.contains(where: { $0.session === candidate.session }) {
      report(candidate)
    }
    pool = better
  }

  private mutating func report(_ candidate: Candidate) {
    records.append(candidate.record)
    observe(candidate.record)
  }

  /// Nobody is left, or one alone and it holds, or the same one is ahead for the second time.
  private static func isDecided(_ pool: [Candidate], _ ahead: Candidate?, as leader: Candidate?)
    -> Bool
  {
    guard let ahead else { return pool.isEmpty }
    return pool.count == 1 || ahead.session === leader?.session
  }

  /// The best third of those that hold, the best and the cheapest of the good ones among them, and
  /// some who have not learnt yet but still fall.
  private static func advancing(_ pool: [Candidate]) -> [Candidate] {
    let holding = ranked(pool.filter { $0.outcome == .holds })
    let falling = pool.filter { $0.outcome != .holds }
      .sorted { $0.training.loss < $1.training.loss }
    guard let best = holding.indices.max(by: { holding[$0].score < holding[$1].score }) else {
      return Array(falling.prefix(SearchPolicy.falling.alone))
    }
    let share = (holding.count + SearchPolicy.growth - 1) / SearchPolicy.growth
    let third = Set(holding.indices.prefix(share)).union([best])
    return third.sorted().map { holding[$0] } + falling.prefix(SearchPolicy.falling.beside)
  }

  /// Those whose score is taken for equal to the best, the cheapest first; then the rest, the
  /// better first.
  static func ranked(_ holding: [Candidate]) -> [Candidate] {
    let best = holding.map(\.score).max() ?? 0
    func isEligible(_ candidate: Candidate) -> Bool {
      candidate.score >= best - SearchPolicy.tolerance
    }
    return holding.filter(isEligible).sorted {
      ($0.price, -$0.score) < ($1.price, -$1.score)
    } + holding.filter { !isEligible($0) }.sorted { $0.score > $1.score }
  }

  /// Trains to the end of the recipe: what the cure comes to.
  ///
  /// What began at a snapshot, or repeated the data, begins again, as the cured recipe will; where
  /// an experiment has trained the same further, it goes on from there.
  mutating func finish(_ candidate: Candidate, observe: (Run.Step) -> Void) throws -> Candidate {
    var candidate = candidate
    if candidate.start > 0 || candidate.isLengthened,
      let whole = Candidate(candidate.remedies, on: problem, isFinal: true)
    {
      candidate = whole
    }
    if let (ahead, _) = runner.takeSession(of: candidate.session.recipe) {
      try candidate.goOn(from: ahead)
    }
    // What it came to in its trials is the beginning of what the cure comes to.
    candidate.session.trace.replay(total: candidate.session.total, observe)
    steps += try candidate.advance(to: candidate.session.total, observe: observe)
    if candidate.outcome != .holds { refuted.insert(candidate.recipe) }
    return candidate
  }

  // MARK: other seeds

  /// Whether it holds on two of three seeds (data order and initialisation both), and no worse
  /// there than the best of the others.
  mutating func isConfirmed(_ candidate: Candidate, among others: [Candidate]) throws -> Bool {
    survivors.removeAll { $0.session === candidate.session }
    guard problem.engine?.takesSeeds ?? true else { return true }
    let best = others.max { $0.score < $1.score }
    let rival = best.flatMap { $0.score > candidate.score ? $0 : nil }
    let length = max(candidate.heldAt ?? horizon, rival?.heldAt ?? 0)
    var isHolding = false
    for offset in 1...SearchPolicy.otherSeeds {
      let seed = problem.recipe.seed &+ offset
      let own = try score(candidate, seed: seed, steps: length)
      if own == -.infinity { continue }
      isHolding = true
      let best = try rival.map { try score($0, seed: seed, steps: length) } ?? own
      if own >= best - SearchPolicy.tolerance { return true }
    }
    if !isHolding { refuted.insert(candidate.recipe) }
    return false
  }

  /// The score on another seed after so many steps, or three times as many where it has not learnt
  /// by then; −∞ where it does not hold.
  private mutating func score(_ candidate: Candidate, seed: UInt64, steps length: Int) throws
    -> Double
  {
    guard var other = Candidate(candidate.remedies, on: problem, seed: seed) else {
      return -.infinity
    }
    steps += try other.advance(to: length)
    if other.outcome != .holds, other.isAlive {
      steps += try other.advance(to: min(SearchPolicy.growth * length, horizon))
    }
    report(other)
    return other.outcome == .holds ? other.score : -.infinity
  }
}
