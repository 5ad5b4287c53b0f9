import Foundation
import KeelArchive
import KeelData
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelRemedies
import KeelSettings
import KeelTraining
import Testing

/// Runs that meet a fault on their way, and heal: none is lost, each is as good as its undisturbed
/// twin, and bit for bit the same up to where it went back to. `make survive` takes all of them.
@Suite(.serialized) struct HealingPolicyTests {
  private static let isWhole = ProcessInfo.processInfo.environment["KEEL_SURVIVE"] != nil

  // MARK: twenty long runs

  @Test(.timeLimit(.minutes(20))) func faultsOnTheWayAreHealed() async throws {
    var rows: [String] = []
    for (index, base) in healthyRuns.enumerated() {
      let twin = try Run(Problem(base))
      let healthy = await twin.train()
      #expect(healthy.verdict == .healthy, "\(base.name)")
      let trace = await twin.trace
      for fault in Fault.allCases where Self.isWhole || fault.rawValue == index % 4 {
        let run = try await fault.run(of: base, steps: trace.count)
        let training = await run.train(healing: HealingPolicy())
        let first = training.recoveries.first
        let same = await run.trace.agrees(with: trace, before: first?.rewoundTo ?? 0)
        rows.append(row(base, fault, healthy, training, same))
        #expect(first != nil, "\(base.name), \(fault): a fault that does nothing tests nothing")
        #expect(training.outcome == .trained, "\(base.name), \(fault)")
        #expect(training.score >= healthy.score - 0.02, "\(base.name), \(fault)")
        #expect(same, "\(base.name), \(fault)")
      }
    }
    let head = [
      "| run | fault | exploded at | back to | way on | twin's score | score | same until then |",
      "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    print((head + rows).joined(separator: "\n"))
  }

  private func row(
    _ base: Recipe, _ fault: Fault, _ twin: Training, _ training: Training, _ same: Bool
  ) -> String {
    func list(_ value: (Training.Recovery) -> String) -> String {
      training.recoveries.map(value).joined(separator: ", ")
    }
    let scores = [twin.score, training.score].map { String(format: "%.4f", $0) }
    let cells = [
      base.name, "\(fault)", list { "\($0.step)" }, list { "\($0.rewoundTo)" }, list(\.remedy),
      scores[0], training.outcome == .trained ? scores[1] : "lost", same ? "yes" : "NO",
    ]
    return "| " + cells.joined(separator: " | ") + " |"
  }

  // MARK: one at a time

  private func regression(_ schedule: Choice<Schedules> = .constant) -> Recipe {
    var recipe = healthyRuns[1]
    recipe.schedule = schedule
    return recipe
  }

  @Test func aHealthyRunIsLeftAlone() async throws {
    let (plain, healed) = (try Run(Problem(regression())), try Run(Problem(regression())))
    let (one, other) = (await plain.train(), await healed.train(healing: HealingPolicy()))
    #expect(other.recoveries.isEmpty && one.steps == other.steps)
    #expect(await healed.trace.agrees(with: plain.trace, before: one.steps))
  }

  /// Rows of the data that come again in every epoch, always in another batch.
  @Test func badRowsAreLeftOut() async throws {
    var random = Random(seed: 3, stream: "rows")
    var inputs = (0..<400).map { _ in (0..<4).map { _ in Float(random.normal()) } }
    var targets = inputs.map { [$0[0] * $0[1] + 2 * $0[2] - $0[3]] }
    let bad = [17, 222, 223, 301]
    for row in bad {
      inputs[row] = inputs[row].map { $0 * 1e6 }
      targets[row] = [targets[row][0] * 1e6]
    }
    let run = try Run(Problem(regression(), train: Examples(inputs: inputs, targets: targets)))
    let training = await run.train(healing: HealingPolicy())
    #expect(training.outcome == .trained)
    #expect(training.recoveries.map(\.remedy) == ["leave-out-rows"])
    // As causes number them: from 1.
    #expect(training.recoveries.flatMap(\.rows).sorted() == bad.map { $0 + 1 })
    #expect(training.loss < 0.05)
  }

  /// The newest state holds the damage already: what the optimizer remembers was overwritten just
  /// before it was taken.
  @Test func aDamagedSnapshotIsPassedOver() async throws {
    let run = try Run(Problem(regression()))
    _ = await run.train(steps: 400)
    // Snapshots are taken at multiples of the interval: just before one of them.
    let interval = await run.snapshots.map(\.step).reduce(0) { a, b in
      var (a, b) = (a, b)
      while b != 0 { (a, b) = (b, a % b) }
      return a
    }
    let when = (500 / interval + 1) * interval - 1
    let isDone = Flag()
    await run.disturb { step, trainingStep in
      guard step == when, isDone.raise() else { return }
      let parameter = trainingStep.plan.parameters[2]
      let slot = trainingStep.memory[trainingStep.plan.slot(0, of: parameter)]
      for index in 0..<parameter.buffer.count { slot[index] = -1e12 }
    }
    let training = await run.train(healing: HealingPolicy())
    #expect(training.outcome == .trained)
    let recovery = try #require(training.recoveries.first)
    #expect(training.recoveries.count == 1 && recovery.remedy == "rewind")
    #expect(recovery.rewoundTo < when && recovery.step == when + 1)
  }

  /// The update just before a snapshot throws the weights away, and leaves them finite.
  @Test(arguments: [3000.0, 10_000]) func aWreckedSnapshotIsPassedOver(_ factor: Double)
    async throws
  {
    for base in healthyRuns.prefix(2) {
      var recipe = base
      let interval = try Trainer(Problem(base)).snapshots.interval
      let leap = 3 * interval - 1
      recipe.schedule = .step(every: leap, factor: factor)
      recipe.training.maxSteps = 2 * leap
      let training = await (try Run(Problem(recipe))).train(healing: HealingPolicy())
      #expect(training.outcome == .trained)
      #expect(training.recoveries.map(\.rewoundTo) == [2 * interval])
    }
  }

  /// A run that ends above the edge, and finds no way on, is back at its last sound state.
  @Test func anUnhealedLateDivergenceIsTakenBack() async throws {
    var recipe = regression(.step(every: 310, factor: 1000))
    recipe.clipping = [.globalNorm(1)]
    recipe.training.maxSteps = 320
    let (plain, healed) = (try Run(Problem(recipe)), try Run(Problem(recipe)))
    let one = await plain.train()
    #expect(one.outcome == .exploded && one.rewoundTo ?? 999 <= 310)
    let other = await healed.train(
      healing: HealingPolicy(recoveries: 1, remedies: RemedyCatalog([])))
    #expect(other.recoveries.isEmpty && other.rewoundTo == one.rewoundTo)
    #expect(try await healed.network.tensors == plain.network.tensors)
  }

  /// A hot remedy by itself, where no other may be tried: the recipe changes, the parameters stay,
  /// and so does what came before. Gone on from a checkpoint, it is the same run.
  @Test(
    arguments: [
      AdaptLearningRate.self, ClipGradients.self, LowerLearningRate.self,
    ] as [any Remedy.Type])
  func aHotRemedyTakesOver(_ kind: any Remedy.Type) async throws {
    let run = try Run(Problem(regression(.step(every: 1200, factor: 30))))
    let twin = try Run(Problem(regression()))
    _ = await twin.train()
    let kept = Kept()
    let training = await run.train(
      healing: HealingPolicy(recoveries: 1, remedies: RemedyCatalog([kind])),
      // Often: how soon it explodes, and for how long it must hold, is not the same everywhere.
      checkpointing: CheckpointPolicy(every: 50) { kept.add($0) })
    let recovery = try #require(training.recoveries.first)
    #expect(recovery.remedy == kind.name)
    #expect(!recovery.changes.isEmpty)
    #expect(try await run.network.recipe != run.recipe)
    #expect(await run.trace.agrees(with: twin.trace, before: recovery.rewoundTo))
    let checkpoint = try #require(kept.all.first { !$0.recoveries.isEmpty })
    let again = try Run(resuming: checkpoint, of: Problem(run.recipe))
    _ = await again.train()
    let steps = min(await run.trace.count, await again.trace.count)
    #expect(steps > 1400)
    #expect(await again.trace.agrees(with: run.trace, before: steps))
  }

  @Test func threeTimesAndNoMore() async throws {
    let run = try Run(Problem(regression(.step(every: 300, factor: 300))))
    let training = await run.train(healing: HealingPolicy())
    #expect(training.outcome == .exploded)
    #expect(training.recoveries.count == 3)
    let last = try #require(training.explosion)
    let rewoundTo = try #require(training.rewoundTo)
    #expect(rewoundTo > 300 && rewoundTo <= last.step)
    #expect(try await run.network.tensors.allSatisfy { $0.values.allSatisfy(\.isFinite) })
    #expect(try await run.checkpoint().step == rewoundTo)
    let events = await run.trace.events.filter { $0.kind == .recovery }
    #expect(events.map(\.step) == training.recoveries.map(\.rewoundTo))
  }

  /// What overflows in its first pass no hot remedy can help: it ends as it does without healing.
  @Test func whatCannotBeHealedEndsAsItWas() async throws {
    var recipe = regression()
    recipe.initializer = .constant(3e38)
    let (plain, healed) = (try Run(Problem(recipe)), try Run(Problem(recipe)))
    let (one, other) = (await plain.train(), await healed.train(healing: HealingPolicy()))
    #expect(one.explosion == other.explosion && other.recoveries.isEmpty)
    #expect(one.steps == other.steps)
  }

  /// Stopped after it was healed, and gone on from a checkpoint: bit for bit as if it had not been;
  /// and the batch stays out, however far the run goes back.
  @Test(arguments: [Fault.poisonedBatch, .rateJump])
  func healingIsRemembered(_ fault: Fault) async throws {
    let base = healthyRuns[1]
    let whole = try await fault.run(of: base, steps: 2000)
    let undisturbed = await whole.train(healing: HealingPolicy())
    #expect(undisturbed.recoveries.count == 1)
    let first = try await fault.run(of: base, steps: 2000)
    let kept = Kept()
    _ = await first.train(
      healing: HealingPolicy(), checkpointing: CheckpointPolicy(every: 350) { kept.add($0) })
    for checkpoint in kept.all {
      let second = try Run(resuming: checkpoint)
      let isHealed = !checkpoint.recoveries.isEmpty
      // The fault is still there; a run that remembers does not meet it.
      if !isHealed { await fault.install(in: second, of: base, steps: 2000) }
      let training = await second.train(healing: HealingPolicy())
      #expect(training.recoveries == undisturbed.recoveries)
      #expect(await second.trace.agrees(with: whole.trace, before: undisturbed.steps))
      #expect(try await second.network.tensors == whole.network.tensors)
    }
    #expect(
      kept.all.contains { $0.recoveries.isEmpty } && kept.all.contains { !$0.recoveries.isEmpty })
    let recovery = undisturbed.recoveries[0]
    #expect(recovery.remedy == (fault == .rateJump ? "lower-learning-rate" : "skip-batch"))
    #expect(recovery.changes.isEmpty == (fault != .rateJump))
  }

  /// A loss that leapt before the checkpoint, of a network that was dead from then on: that it was
  /// lost is seen at the end, and of its states only the beginning is from before that.
  @Test func whatWasLostBeforeTheCheckpointBeginsAnew() async throws {
    let problem = try Problem(
      Recipe(
        data: .regression(samples: 400, features: 4, noise: 0.1), standardize: .both,
        model: [.dense(32), .relu, .dense(1)], initializer: .he(), loss: .meanSquaredError,
        optimizer: .sgd(learningRate: 0.05), training: .init(epochs: 32, batch: 32)))
    let run = try Run(problem)
    await run.disturb { step, trainingStep in
      guard step == 7 || step == 8 else { return }
      for parameter in trainingStep.plan.parameters {
        let values = trainingStep.memory[parameter.buffer]
        for index in 0..<parameter.buffer.count {
          values[index] = step == 7 ? 4 * values[index] : parameter.role == .bias ? -1 : 0
        }
      }
    }
    _ = await run.train(steps: 200)
    let checkpoint = try await run.checkpoint()
    let again = try Run(resuming: checkpoint, of: problem)
    let training = await again.train(healing: HealingPolicy())
    #expect(training.verdict == .healthy && training.outcome == .trained)
    #expect(training.recoveries.map(\.rewoundTo) == [0])
    // What is on disk is not replaced by an earlier state.
    let unhealed = try Run(resuming: checkpoint, of: problem)
    #expect(await unhealed.train().explosion?.step ?? 0 <= 8)
    await #expect(throws: KeelError.self) { try await unhealed.checkpoint() }
  }

  private final class Kept: @unchecked Sendable {
    private(set) var all: [Checkpoint] = []
    func add(_ checkpoint: Checkpoint) { all.append(checkpoint) }
  }
}

extension Trace {
  /// Whether both have the same numbers, bit for bit, in all steps before one.
  fileprivate func agrees(with other: Trace, before step: Int) -> Bool {
    let series: [KeyPath<Trace, [Float]>] = [
      \.losses, \.gradientNorms, \.clippedNorms, \.learningRates,
    ]
    return series.allSatisfy { path in
      self[keyPath: path].count >= step && other[keyPath: path].count >= step
        && (0..<step).allSatisfy {
          self[keyPath: path][$0].bitPattern == other[keyPath: path][$0].bitPattern
        }
    }
  }
}
