import Foundation
import GRDB
import KeelArchive
import KeelAuthoring
import Synchronization
import Testing

/// A run is in the archive as it was.
struct RecorderTests {
  private let scratch: Scratch
  private let history: History

  init() throws {
    scratch = try Scratch()
    history = try History(scratch("keel.sqlite"))
  }

  private static func recipe(rate: Double = 0.1, steps: Int = 300) -> Recipe {
    Recipe(
      name: "three <layers>",
      data: .blobs(samples: 200, classes: 3),
      model: [.dense(8), .tanh, .dense(8), .tanh, .dense(3)], initializer: .xavier(),
      loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: rate),
      training: .init(epochs: 1000, batch: 20, maxSteps: steps))
  }

  /// Trains and records; what the archive says of it, and the trace.
  private func record(_ recipe: Recipe) async throws -> (ArchivedRun, Trace) {
    let run = try Run(Problem(recipe))
    let recorder = Recorder(
      ArchivedRun(.train, of: recipe, command: "keel train", version: "1"),
      recipe: recipe.description, in: history
    ) { Issue.record("\($0)") }
    let training = await run.train { recorder.record($0) }
    let trace = await run.trace
    let failure = await recorder.finish(
      .init(training.outcome.rawValue, training: training, body: "{}"))
    #expect(failure == nil)
    return (try history.run(recorder.id), trace)
  }

  /// What a run has found stands there before it has an answer, and not after.
  @Test func whatIsFoundIsThereBeforeTheEnd() async throws {
    let recipe = Self.recipe(rate: 1e6)
    let training = await (try Run(Problem(recipe))).train()
    let recorder = Recorder(
      ArchivedRun(.cure, of: recipe, command: "keel cure", version: "1"),
      recipe: recipe.description, in: history
    ) { Issue.record("\($0)") }
    recorder.note { $0.failed(training) }
    let deadline = ContinuousClock.now + .seconds(60)
    while try history.runIfThere(recorder.id)?.found == nil, ContinuousClock.now < deadline {
      try await Task.sleep(for: .milliseconds(50))
    }
    let open = try history.run(recorder.id)
    #expect(open.found?.stage == .diagnosing && open.found?.explosion == training.explosion)
    #expect(open.isRunning && open.explosionStep == training.explosion?.step)
    await recorder.finish(.init("incurable", training: training))
    let ended = try history.run(recorder.id)
    #expect(ended.found == nil && ended.explosionStep == training.explosion?.step)
  }

  @Test func everyStepIsThere() async throws {
    let (run, trace) = try await record(Self.recipe())
    #expect(run.outcome == "trained" && run.verdict == "healthy" && run.steps == 300)
    #expect(run.ended != nil && run.explosionStep == nil)
    #expect(try history.recipe(of: run)?.description == Self.recipe().description)
    let loss = try #require(try history.series("loss", of: run.id))
    #expect(loss.segments.map(\.first) == [0] && loss.segments[0].mean == trace.losses)
    let norms = try #require(try history.series("gradient-norm", of: run.id))
    #expect(norms.segments[0].mean == trace.gradientNorms)
    for layer in trace.layers {
      let norms = try history.series("gradient-norm", layer: layer, of: run.id)
      #expect(norms?.segments[0].mean == trace.series(GradientNorm.self, layer: layer))
      let ratios = try history.series("update-ratio", layer: layer, of: run.id)
      #expect(ratios?.segments[0].mean == trace.series(UpdateRatio.self, layer: layer))
    }
    #expect(
      try history.seriesNames(of: run.id).prefix(6).map(\.name) == [
        "loss", "gradient-norm", "clipped-norm", "learning-rate",
      ] + [
        "gradient-norm", "update-ratio",
      ])
  }

  @Test func anExplosionIsThere() async throws {
    let (run, trace) = try await record(Self.recipe(rate: 1e20))
    #expect(run.outcome == "exploded" && run.explosionStep == trace.count - 1)
    let events = try history.events(of: run.id)
    #expect(events.map(\.step) == trace.events.map(\.step))
    let loss = try #require(try history.series("loss", of: run.id))
    #expect(
      loss.segments[0].mean.map(\.bitPattern) == trace.losses.map(\.bitPattern))
  }

  /// Where the run went back, another segment begins.
  @Test func aRewoundRunHasSegments() async throws {
    let recipe = Self.recipe()
    let recorder = Recorder(
      ArchivedRun(.train, of: recipe, command: "", version: "1"), recipe: nil, in: history
    ) { Issue.record("\($0)") }
    let run = try Run(Problem(recipe))
    _ = await run.train(steps: 40) { recorder.record($0) }
    let snapshot = await run.snapshot()
    _ = await run.train(steps: 60) { recorder.record($0) }
    try await run.rewind(to: snapshot)
    let training = await run.train(steps: 30) { recorder.record($0) }
    await recorder.finish(.init("stopped", training: training, body: "{}"))
    let loss = try #require(try history.series("loss", of: recorder.id))
    #expect(loss.segments.map(\.first) == [0, 40])
    #expect(loss.segments.map(\.mean.count) == [100, 30])
    #expect(loss.segments[0].mean[40..<70] == loss.segments[1].mean[...])
  }

  /// Of the same step of two segments each its own, however late it is written.
  @Test func samplesAreOfTheirStretch() async throws {
    let recipe = Self.recipe()
    let recorder = Recorder(
      ArchivedRun(.train, of: recipe, command: "", version: "1"), recipe: nil, in: history
    ) { Issue.record("\($0)") }
    let run = try Run(Problem(recipe))
    @Sendable func record(_ step: Run.Step, _ value: Double) {
      recorder.record(step)
      guard step.index % 7 == 0 else { return }
      let sample = Run.Sample(step: step.index, name: "probe", layer: "dense-2", value: value)
      recorder.record([sample])
    }
    _ = await run.train(steps: 40) { record($0, 1) }
    let snapshot = await run.snapshot()
    _ = await run.train(steps: 60) { record($0, 1) }
    try await run.rewind(to: snapshot)
    let training = await run.train(steps: 30) { record($0, 2) }
    await recorder.finish(.init("stopped", training: training, body: "{}"))
    let kept = try history.steps("probe", layer: "dense-2", of: recorder.id)
    let first = stride(from: 0, to: 100, by: 7).map { ($0, Float(1)) }
    let second = stride(from: 42, to: 70, by: 7).map { ($0, Float(2)) }
    #expect(kept[0] == Dictionary(uniqueKeysWithValues: first))
    #expect(kept[1] == Dictionary(uniqueKeysWithValues: second))
  }

  /// What happened is kept as it happens, in the stretch that it happened in: a surge before the
  /// explosion, and the recovery that another stretch begins with.
  /// Also where no step comes after it: the run ends with the proof that it holds.
  @Test(arguments: [480, 300]) func eventsAreOfTheirStretch(_ steps: Int) async throws {
    let recipe = Recipe(
      data: .regression(samples: 400, features: 8, noise: 0.1),
      model: [.dense(16), .relu, .dense(1)], initializer: .he(), loss: .meanSquaredError,
      optimizer: .sgd(learningRate: 0.02), schedule: .step(every: 250, factor: 1000),
      training: .init(epochs: 1000, batch: 32, maxSteps: steps))
    let recorder = Recorder(
      ArchivedRun(.train, of: recipe, command: "", version: "1"), recipe: nil, in: history
    ) { Issue.record("\($0)") }
    let run = try Run(Problem(recipe))
    let training = await run.train(healing: HealingPolicy()) { recorder.record($0) }
    await recorder.finish(.init("trained", training: training, body: "{}"))
    let events = try history.events(of: recorder.id)
    #expect(events.contains { $0.segment == 0 && $0.kind == "surge" })
    let recovery = try #require(training.recoveries.last)
    let last = try #require(events.last { $0.kind == "recovery" })
    #expect(last.step == recovery.rewoundTo && last.value == Double(recovery.step))
    #expect(last.segment > 0)
    #expect(Set(events).count == events.count)
  }

  /// A cure may train another network than the one that failed: a layer of its own each.
  @Test func anotherNetworkHasSeriesOfItsOwn() async throws {
    var other = Self.recipe(steps: 20)
    other.model.insert(.batchNorm(), at: 1)
    let recorder = Recorder(
      ArchivedRun(.cure, of: other, command: "", version: "1"), recipe: nil, in: history
    ) { Issue.record("\($0)") }
    for recipe in [Self.recipe(steps: 20), other] {
      _ = try await Run(Problem(recipe)).train { recorder.record($0) }
    }
    await recorder.finish(.init("cured", body: "{}"))
    let loss = try #require(try history.series("loss", of: recorder.id))
    #expect(loss.segments.map(\.mean.count) == [20, 20])
    let norm = try #require(
      try history.series("gradient-norm", layer: "batch-norm-1", of: recorder.id))
    #expect(norm.segments.map(\.first) == [0] && norm.segments[0].mean.count == 20)
  }

  /// A run that is killed is there as far as it was written.
  @Test func whatHasNotEndedIsThere() async throws {
    let recipe = Self.recipe()
    let recorder = Recorder(
      ArchivedRun(.train, of: recipe, command: "", version: "1"), recipe: nil, in: history
    ) { Issue.record("\($0)") }
    let run = try Run(Problem(recipe))
    _ = await run.train { recorder.record($0) }
    // Somebody else sees it before it ends.
    let other = try History(scratch("keel.sqlite"), create: false)
    var seen = 0
    for _ in 0..<100 where seen < 300 {
      try await Task.sleep(for: .milliseconds(50))
      seen = try other.runs().first?.steps ?? 0
    }
    let found = try #require(try other.runs().first)
    #expect(seen == 300 && found.ended == nil && found.isRunning && found.outcome == nil)
    #expect(try other.series("loss", of: found.id)?.segments[0].mean.count == 300)
    await recorder.finish(.init("stopped", body: "{}"))
  }

  /// An archive that takes nothing is told once, and the training goes on; what it missed is
  /// written when it takes something again.
  @Test func aLockedArchiveIsWaitedFor() async throws {
    var configuration = Configuration()
    configuration.allowsUnsafeTransactions = true
    let blocker = try DatabaseQueue(path: scratch("keel.sqlite"), configuration: configuration)
    let told = Mutex(0)
    let recipe = Self.recipe()
    try await blocker.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
    let recorder = Recorder(
      ArchivedRun(.train, of: recipe, command: "", version: "1"), recipe: nil,
      in: try History(scratch("keel.sqlite"), patience: 0.05)
    ) { _ in told.withLock { $0 += 1 } }
    let run = try Run(Problem(recipe))
    let training = await run.train { recorder.record($0) }
    // Its end, too, waits for who has locked it.
    async let finished = recorder.finish(.init("trained", training: training, body: "{}"))
    try await Task.sleep(for: .milliseconds(1200))
    #expect(told.withLock { $0 } == 1)
    try await blocker.writeWithoutTransaction { try $0.execute(sql: "COMMIT") }
    #expect(await finished == nil)
    let kept = try history.run(recorder.id)
    #expect(kept.outcome == "trained" && kept.ended != nil && kept.steps == 300)
    #expect(try history.series("loss", of: recorder.id)?.segments[0].mean.count == 300)
  }

  /// Several write at once, and nothing is lost.
  @Test func severalWriteAtOnce() async throws {
    let path = scratch("keel.sqlite")
    let ids = try await withThrowingTaskGroup(of: String.self) { group in
      for seed in 0..<6 {
        group.addTask {
          var recipe = Self.recipe()
          recipe.seed = UInt64(seed)
          let recorder = Recorder(
            ArchivedRun(.train, of: recipe, command: "", version: "1"),
            recipe: recipe.description, in: try History(path)
          ) { Issue.record("\($0)") }
          let run = try Run(Problem(recipe))
          let training = await run.train { recorder.record($0) }
          await recorder.finish(.init("trained", training: training, body: "{}"))
          return recorder.id
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(Set(try history.runs().map(\.id)) == Set(ids))
    for id in ids {
      #expect(try history.series("loss", of: id)?.segments[0].mean.count == 300)
    }
  }
}
