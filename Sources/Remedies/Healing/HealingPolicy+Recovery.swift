import Foundation
import KeelCauses
import KeelEngine
import KeelTraining

/// One explosion, and the search for a way on.
struct Recovery {
  let policy: HealingPolicy
  /// The run that exploded.
  let lost: Trainer
  /// What was seen of it until then.
  let training: Training
  let explosion: Explosion
  let isCancelled: () -> Bool
  let observe: (Run.Step) -> Void
  /// Steps that the run had taken when the explosion was seen.
  private let end: Int
  private let history: Trace
  /// States to go back to, the newest first.
  private let sound: [Snapshot]
  /// Of the attempts that hold without coming back to the loss there was, the one with the lowest.
  private var second: Attempt?

  init(
    _ policy: HealingPolicy, _ lost: Trainer, _ training: Training, _ explosion: Explosion,
    isCancelled: @escaping () -> Bool, observe: @escaping (Run.Step) -> Void
  ) {
    (self.policy, self.lost) = (policy, lost)
    (self.training, self.explosion) = (training, explosion)
    (self.isCancelled, self.observe) = (isCancelled, observe)
    end = lost.step
    history = lost.trace
    sound = lost.startingPoints(before: explosion.step)
  }

  /// - Returns: the run that goes on, some steps beyond the explosion. Nil where nothing holds:
  ///   `lost` is then as it was; or where it was cancelled: `lost` then stands at a state from
  ///   before that.
  mutating func run() -> Trainer? {
    guard let good = sound.first else { return nil }
    if let healed = rewinding() ?? leavingOut() ?? treating() ?? settling() { return healed }
    goBack(to: good)
    guard !isCancelled() else { return nil }
    // The same steps end in the same explosion.
    _ = lost.advance(steps: end - good.step, isCancelled: isCancelled)
    lost.takeBackIfLost()
    return nil
  }

  /// To where an attempt begins, whatever the one before has made of the run.
  private func goBack(to snapshot: Snapshot) { lost.rewind(to: snapshot, history: history) }

  // MARK: nothing but going back

  /// From an older state too: the newest may be damaged already.
  private mutating func rewinding() -> Trainer? {
    for snapshot in sound.prefix(2) {
      goBack(to: snapshot)
      let attempt = Attempt(
        nil, .init(explosion, rewoundTo: snapshot.step, remedy: "rewind"), snapshot, prove(lost))
      if let healed = judge(attempt) { return healed }
    }
    return nil
  }

  // MARK: without a batch

  /// Whether the run, which explodes with a batch as `rewinding` has shown, holds without it.
  private func leavingOut() -> Trainer? {
    var tried: Set<Int> = []
    for suspect in suspects(explosion) where !isCancelled() {
      guard let snapshot = sound.first(where: { $0.step <= suspect }) else { continue }
      // All suspects are looked at from each state.
      if tried.insert(snapshot.step).inserted, leaveOutRows(from: snapshot) { return lost }
      lost.batches.skip(suspect)
      goBack(to: snapshot)
      if hasRecovered(prove(lost), since: snapshot) {
        lost.note(
          .init(explosion, rewoundTo: snapshot.step, remedy: "skip-batch", skipped: [suspect]))
        return lost
      }
      lost.batches.unskip(suspect)
    }
    return nil
  }

  /// Steps whose batch may be the bad one: where the gradient first leapt, where the run exploded,
  /// and the one before, whose update may have thrown the weights away.
  private func suspects(_ explosion: Explosion) -> [Int] {
    let oldest = sound.prefix(2).last?.step ?? 0
    var steps: [Int] = []
    for step in [leap(from: oldest, to: explosion.step), explosion.step, explosion.step - 1]
    where step >= 0 && !steps.contains(step) {
      steps.append(step)
    }
    return steps
  }

  /// The first step whose gradient is ten times all of those just before it; the last one where
  /// none is.
  private func leap(from first: Int, to last: Int) -> Int {
    let norms = lost.trace.gradientNorms
    for step in max(1, first)..<max(1, first, min(last, norms.count)) {
      let usual = norms[max(0, step - Window.capacity)..<step].filter { $0.isFinite }.max()
      if let usual, !(norms[step] <= 10 * usual) { return step }
    }
    return last
  }

  /// Leaves out what is unlike all other rows in the batches that may be bad; where no loss tells
  /// (the update of an earlier batch has done it), all that have a number far outside its column.
  ///
  /// It does so again where the run then explodes at another one.
  private func leaveOutRows(from snapshot: Snapshot) -> Bool {
    let before = lost.batches.excludedRows
    var (rows, explosion) = (before, explosion)
    let far = lost.recipe.outliers(in: lost.problem.rows.train).rows.map(Int32.init)
    // Where ever more rows turn up the data are bad, and not a batch of them.
    for _ in 0..<32 where !isCancelled() {
      let suspects = suspects(explosion)
      goBack(to: snapshot)
      let found = suspects.lazy.map { lost.outliers(inBatchOf: $0) }.first { !$0.isEmpty }
      rows += found ?? far.filter { !rows.contains($0) }
      guard rows.count > lost.batches.excludedRows.count else { break }
      lost.batches.exclude(rows)
      goBack(to: snapshot)
      if hasRecovered(prove(lost), since: snapshot) {
        let new = rows.dropFirst(before.count).sorted().map {
          lost.problem.rows.train.number(ofRow: Int($0))
        }
        lost.note(
          .init(self.explosion, rewoundTo: snapshot.step, remedy: "leave-out-rows", rows: new))
        return true
      }
      guard let next = lost.explosion else { break }
      explosion = next
    }
    lost.batches.exclude(before)
    return false
  }

  // MARK: under another recipe

  /// From an older state too, where nothing holds from the newest.
  private mutating func treating() -> Trainer? {
    for (index, snapshot) in sound.prefix(2).enumerated() where index == 0 || second == nil {
      goBack(to: snapshot)
      let strengths = Strengths(Evidence(lost.problem, training: training, trace: lost.trace))
      let kinds = policy.remedies.remedies.filter { $0.isHot }.sorted { $0.price < $1.price }
      for kind in kinds {
        for remedy in self.strengths(kind, strengths) where !isCancelled() {
          guard let recipe = remedy.applied(to: lost.problem),
            let trainer = try? lost.continued(under: recipe, from: snapshot)
          else { continue }
          let note = Training.Recovery(
            explosion, rewoundTo: snapshot.step, remedy: kind.name,
            changes: recipe.diff(from: lost.recipe))
          if let healed = judge(Attempt(trainer, note, snapshot, prove(trainer))) { return healed }
        }
      }
    }
    return nil
  }

  // MARK: attempts

  /// What was tried, from where, and the usual loss that it came to.
  private struct Attempt {
    /// Nil for the lost run itself, taken back and on.
    let trainer: Trainer?
    let note: Training.Recovery
    let snapshot: Snapshot
    /// Nil where it did not hold.
    let level: Double?

    init(
      _ trainer: Trainer?, _ note: Training.Recovery, _ snapshot: Snapshot, _ level: Double?
    ) {
      (self.trainer, self.note) = (trainer, note)
      (self.snapshot, self.level) = (snapshot, level)
    }
  }

  /// - Returns: the run that goes on, where the loss came back to what it was. What holds without
  ///   that is kept, if it is the best so far.
  private mutating func judge(_ attempt: Attempt) -> Trainer? {
    if hasRecovered(attempt.level, since: attempt.snapshot) { return accept(attempt) }
    var worse: Attempt? = attempt
    if let level = attempt.level, level < second?.level ?? .infinity {
      (worse, second) = (second, attempt)
    }
    if let trainer = worse?.trainer { lost.charge(trainer) }
    return nil
  }

  /// What is best of what holds, where nothing comes back to the loss there was.
  private mutating func settling() -> Trainer? {
    guard let best = second, !isCancelled() else { return nil }
    second = nil
    if best.trainer == nil {
      // Others were tried since: the same steps again hold again.
      goBack(to: best.snapshot)
      guard prove(lost) != nil else { return nil }
    }
    return accept(best)
  }

  private func accept(_ attempt: Attempt) -> Trainer {
    let healed = attempt.trainer ?? lost
    if let other = second?.trainer { lost.charge(other) }
    if healed !== lost { healed.charge(lost) }
    healed.note(attempt.note)
    return healed
  }

  /// A remedy's own; but rates half a decade apart below the one in effect: the limit that its own
  /// come from was measured at the start, and says nothing of a network on its way.
  private func strengths(_ kind: any Remedy.Type, _ strengths: Strengths) -> [any Remedy] {
    if kind == LowerLearningRate.self {
      let rate = lost.recipe.optimizer.member.learningRate
      return (1...8).map { LowerLearningRate(rate: rounded(rate / pow(10, Double($0) / 2))) }
    }
    return strengths.of(kind)
  }

  // MARK: proof

  /// Trains on to beyond where the run was lost.
  /// - Returns: the usual loss there; nil where it exploded, or was cancelled.
  private func prove(_ trainer: Trainer) -> Double? {
    let goal = min(end + policy.proof, trainer.batches.total)
    let isStopped = trainer.advance(
      steps: goal - trainer.step, isCancelled: isCancelled, observe: observe)
    let isLost = trainer.explosion != nil || (trainer.isOver && trainer.verdict == .exploding)
    return isStopped || isLost ? nil : trainer.level(before: trainer.step)
  }

  private func hasRecovered(_ level: Double?, since snapshot: Snapshot) -> Bool {
    guard let level else { return false }
    let usual = lost.level(before: snapshot.step)
    return level <= max(HealingPolicy.tolerance * usual, lost.lossFloor)
  }
}
