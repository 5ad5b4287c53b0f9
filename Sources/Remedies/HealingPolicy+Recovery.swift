import Foundation
import KeelCauses
import KeelEngine
import KeelForecast
import KeelRecipes
import KeelTraining

/// One explosion, and the search for a way on.
struct Recovery {
  let policy: HealingPolicy
  /// The run that exploded.
  let lost: Trainer
  let explosion: Explosion
  let isCancelled: () -> Bool
  let observe: (Step) -> Void
  /// Steps that the run had taken when the explosion was seen.
  private let end: Int
  private let history: Trace
  /// States to go back to, the newest first.
  private let sound: [Snapshot]

  init(
    _ policy: HealingPolicy, _ lost: Trainer, _ explosion: Explosion,
    isCancelled: @escaping () -> Bool, observe: @escaping (Step) -> Void
  ) {
    (self.policy, self.lost, self.explosion) = (policy, lost, explosion)
    (self.isCancelled, self.observe) = (isCancelled, observe)
    end = lost.step
    history = lost.trace
    sound = lost.soundSnapshots(before: explosion.step)
  }

  /// - Returns: the run that goes on, some steps beyond the explosion. Nil where nothing holds: `lost`
  ///   is then as it was; or where it was cancelled: `lost` then stands at its last sound state.
  func run() -> Trainer? {
    guard let good = sound.first else { return nil }
    if let healed = rewinding() ?? leavingOut() ?? treating(from: good) { return healed }
    goBack(to: good)
    // The same steps end in the same explosion.
    if !isCancelled() { _ = lost.advance(steps: end - good.step) }
    return nil
  }

  /// To where an attempt begins, whatever the one before has made of the run.
  private func goBack(to snapshot: Snapshot) { lost.rewind(to: snapshot, history: history) }

  // MARK: nothing but going back

  /// From an older state too: the newest may be damaged already.
  private func rewinding() -> Trainer? {
    for snapshot in sound.prefix(2) {
      goBack(to: snapshot)
      guard prove(lost) != nil else { continue }
      lost.note(.init(explosion, rewoundTo: snapshot.step, remedy: "rewind"))
      return lost
    }
    return nil
  }

  // MARK: without a batch

  /// With it the run explodes, as `rewinding` has shown; without it, does it not?
  private func leavingOut() -> Trainer? {
    for suspect in suspects(explosion) {
      guard let snapshot = sound.first(where: { $0.step <= suspect }) else { continue }
      if leaveOutRows(from: snapshot) { return lost }
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

  /// Steps whose batch may be the bad one: where the gradient first leapt, where the run exploded, and
  /// the one before, whose update may have thrown the weights away.
  private func suspects(_ explosion: Explosion) -> [Int] {
    let oldest = sound.prefix(2).last?.step ?? 0
    var steps: [Int] = []
    for step in [leap(from: oldest, to: explosion.step), explosion.step, explosion.step - 1]
    where step >= 0 && !steps.contains(step) {
      steps.append(step)
    }
    return steps
  }

  /// The first step whose gradient is ten times all of those just before it; the last one where none
  /// is.
  private func leap(from first: Int, to last: Int) -> Int {
    let norms = lost.trace.gradientNorms
    for step in max(1, first)..<max(1, first, min(last, norms.count)) {
      let usual = norms[max(0, step - Window.capacity)..<step].filter { $0.isFinite }.max()
      if let usual, !(norms[step] <= 10 * usual) { return step }
    }
    return last
  }

  /// Leaves out what is unlike all other rows in the batches that may be bad; and again, where the run
  /// then explodes at another one.
  private func leaveOutRows(from snapshot: Snapshot) -> Bool {
    let before = lost.batches.excludedRows
    var (rows, explosion) = (before, explosion)
    // Where ever more rows turn up the data are bad, and not a batch of them.
    for _ in 0..<32 where !isCancelled() {
      let suspects = suspects(explosion)
      goBack(to: snapshot)
      let found = suspects.lazy.map { lost.outliers(inBatchOf: $0) }.first { !$0.isEmpty }
      guard let found else { break }
      rows += found
      lost.batches.exclude(rows)
      goBack(to: snapshot)
      if hasRecovered(prove(lost), since: snapshot) {
        let new = rows.dropFirst(before.count).map(Int.init).sorted()
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

  private func treating(from good: Snapshot) -> Trainer? {
    goBack(to: good)
    let subject = Subject(lost.recipe, lost.parts)
    let patient = Patient(subject, lost.trace, explosion)
    // Of those that hold without coming back to the loss there was, the one with the lowest.
    var second: Attempt?
    let kinds = policy.catalog.remedies.filter { $0.isHot }.sorted { $0.price < $1.price }
    for kind in kinds {
      for remedy in strengths(kind, patient) where !isCancelled() {
        guard let recipe = remedy.applied(to: subject),
          let trainer = try? lost.continued(under: recipe, from: good)
        else { continue }
        let level = prove(trainer)
        let note = Training.Recovery(
          explosion, rewoundTo: good.step, remedy: kind.name,
          changes: recipe.diff(from: lost.recipe))
        if hasRecovered(level, since: good) { return accept(Attempt(trainer, note, 0)) }
        guard let level, level < second?.level ?? .infinity else {
          lost.charge(trainer)
          continue
        }
        if let second { lost.charge(second.trainer) }
        second = Attempt(trainer, note, level)
      }
    }
    guard let second, !isCancelled() else { return nil }
    return accept(second)
  }

  /// A remedy on trial, and the usual loss that it came to.
  private struct Attempt {
    let trainer: Trainer
    let note: Training.Recovery
    let level: Double

    init(_ trainer: Trainer, _ note: Training.Recovery, _ level: Double) {
      (self.trainer, self.note, self.level) = (trainer, note, level)
    }
  }

  private func accept(_ attempt: Attempt) -> Trainer {
    attempt.trainer.note(attempt.note)
    attempt.trainer.charge(lost)
    return attempt.trainer
  }

  /// A remedy's own; but rates half a decade apart below the one in effect: the limit that its own come
  /// from was measured at the start, and says nothing of a network on its way.
  private func strengths(_ kind: any Remedy.Type, _ patient: Patient) -> [any Remedy] {
    if kind == LowerLearningRate.self {
      let rate = patient.recipe.optimizer.member.learningRate
      return (1...8).map { LowerLearningRate(rate: rounded(rate / pow(10, Double($0) / 2))) }
    }
    func all<R: Remedy>(_ kind: R.Type) -> [any Remedy] { kind.candidates(for: patient) }
    return all(kind)
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
    return level <= HealingPolicy.tolerance * lost.level(before: snapshot.step)
  }
}
