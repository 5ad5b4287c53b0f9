import Foundation
import Keel
import Testing

/// A loop of one's own: step by step, with weights and gradients in hand.
struct LoopTests {
  /// 2x − z, of numbers that never repeat.
  private static func rows(_ range: Range<Int>, factor: Float = 2) throws -> Examples {
    let inputs = range.map { [Float(sin(Double($0))), Float(cos(3 * Double($0)))] }
    return try Examples(inputs: inputs, targets: inputs.map { [factor * $0[0] - $0[1]] })
  }

  private static func recipe(rate: Double = 0.05, epochs: Int = 20) -> Recipe {
    Recipe(
      data: .memory, model: [.dense(16), .tanh, .dense(1)], loss: .meanSquaredError,
      optimizer: .sgd(learningRate: rate), training: .init(epochs: epochs, batch: 16))
  }

  private static func problem(rate: Double = 0.05, epochs: Int = 20) throws -> Problem {
    try Problem(
      recipe(rate: rate, epochs: epochs), train: rows(0..<160), test: rows(160..<200))
  }

  /// In ten lines: stops on what it sees of a layer, and is stopped until its last step.
  @Test func aLoopOfOnesOwn() async throws {
    let run = try Run(Self.problem())
    var best = Double.infinity
    for await step in run.steps {
      best = min(best, step.loss)
      if let layer = step.layers["dense-1"], layer.gradientNorm > 1e3 { break }
      if step.loss < 0.01 { break }
    }
    let training = await run.training
    #expect(best < 0.01 && training.outcome == .stopped && training.score > 0.9)
  }

  /// Whether its steps are taken here, on the run's thread, or all at once: the same training.
  @Test func everyWayOfSteppingIsTheSameTraining() async throws {
    let whole = try Run(Self.problem())
    let trained = await whole.train()
    let looped = try Run(Self.problem())
    for await _ in looped.steps {}
    #expect(await looped.trace.losses == whole.trace.losses)
    #expect(await looped.training.score == trained.score)
    let single = try Run(Self.problem())
    while await single.train(steps: 1).outcome == .stopped {}
    #expect(await single.trace.losses == whole.trace.losses)
    let inside = try Run(Self.problem())
    #expect(await inside.fit() == trained.steps)
    #expect(await inside.trace.losses == whole.trace.losses)
  }

  /// Two that step one run at once share its steps.
  @Test func twoLoopsShareARun() async throws {
    let run = try Run(Self.problem(epochs: 100))
    let counts = await withTaskGroup(of: [Int].self) { group in
      for _ in 0..<2 {
        group.addTask {
          var steps: [Int] = []
          for await step in run.steps { steps.append(step.index) }
          return steps
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(counts.flatMap { $0 }.sorted() == Array(0..<1000))
  }

  @Test func earlyStopping() async throws {
    let run = try Run(Self.problem())
    let stopped = await run.trainWhile { step in step.loss > 0.05 }
    #expect(stopped.outcome == .stopped && stopped.steps < 200)
    #expect(stopped.metric?.test != nil, "what was stopped is scored")
    #expect(await run.train().outcome == .trained)
  }

  /// A run that is taken on without its end is not scored; asked for, it is.
  @Test func aPartIsNotScored() async throws {
    let run = try Run(Self.problem())
    let part = await run.train(steps: 20)
    #expect(part.outcome == .stopped && part.metric == nil)
    #expect(await run.training.metric != nil)
  }

  /// The gradient that a step used is what it did to the weights.
  @Test func gradientsAreThoseOfTheStep() async throws {
    let run = try Run(Self.problem(rate: 0.5))
    #expect(await run.gradient(of: "dense-1.weight") == nil)
    for _ in 0..<3 {
      let before = try #require(await run["dense-1.weight"])
      _ = await run.step()
      let (after, gradient) = (await run["dense-1.weight"], await run.gradient(of: before.name))
      let (moved, slope) = (try #require(after), try #require(gradient))
      #expect(moved.shape.axes == [16, 2] && slope.shape.axes == [16, 2])
      for index in moved.values.indices {
        let expected = before.values[index] - 0.5 * slope.values[index]
        #expect(abs(moved.values[index] - expected) < 1e-6)
      }
    }
    #expect(await run.gradient(of: "dense-9.weight") == nil)
    #expect(await run["dense-9.weight"] == nil)
  }

  /// Weights that are put in are those that it goes on with: a moving average, set at the end.
  @Test func weightsAreSet() async throws {
    let run = try Run(Self.problem())
    var mean: [Tensor] = try await run.network.tensors
    for await step in run.steps where step.index % 10 == 9 {
      mean = zip(mean, try await run.network.tensors).map { old, new in
        Tensor(
          name: old.name, shape: old.shape,
          values: zip(old.values, new.values).map { 0.9 * $0 + 0.1 * $1 })
      }
    }
    try await run.set(mean)
    #expect(try await run.network.tensors == mean)
    // A part of them will do.
    let bias = Tensor(name: "dense-2.bias", shape: mean[3].shape, values: [7])
    try await run.set([bias])
    #expect(await run["dense-2.bias"]?.values == [7])
    #expect(await run["dense-1.weight"] == mean[0])
  }

  @Test func whatDoesNotFitIsRefused() async throws {
    let run = try Run(Self.problem())
    let before = try await run.network.tensors
    let narrow = try await Run(
      Problem(
        Recipe(
          data: .memory, model: [.dense(4), .tanh, .dense(1)], loss: .meanSquaredError,
          optimizer: .sgd(), training: .init(epochs: 1, batch: 16)), train: Self.rows(0..<16))
    ).network.tensors
    let error = await #expect(throws: KeelError.self) { try await run.set(narrow) }
    let text = error?.description ?? ""
    #expect(text.contains("dense-1.weight") && text.contains("4 × 2") && text.contains("16 × 2"))
    let lost = Tensor(name: "dense-2.bias", shape: before[3].shape, values: [.nan])
    await #expect(throws: KeelError.self) { try await run.set([lost]) }
    #expect(try await run.network.tensors == before)
  }

  // MARK: weights to begin with

  /// On other rows, from what was learnt: it begins where the first ended, and ends better than one
  /// that begins anew.
  @Test func fineTuning() async throws {
    let first = try Run(Self.problem(epochs: 60))
    _ = await first.train()
    let learnt = try await first.network.tensors
    let (train, test) = (
      try Self.rows(300..<360, factor: 2.1), try Self.rows(400..<440, factor: 2.1)
    )
    let anew = try Run(Problem(Self.recipe(epochs: 2), train: train, test: test))
    let tuned = try Run(Problem(Self.recipe(epochs: 2), train: train, test: test, initial: learnt))
    #expect(await tuned["dense-1.weight"] == learnt[0])
    let (a, b) = (await anew.train(), await tuned.train())
    #expect(b.score > a.score && b.score > 0.9)
    // Another head: what is not given is drawn.
    let body = learnt.filter { !$0.name.hasPrefix("dense-2") }
    let headless = try Run(Problem(Self.recipe(), train: train, initial: body))
    #expect(await headless["dense-1.weight"] == learnt[0])
    #expect(await headless["dense-2.weight"] != learnt[2])
    // It is what experiments begin with, too.
    let cure = try await Problem(
      Self.recipe(rate: 1e20), train: train, test: test, initial: learnt
    ).cure()
    #expect(cure.outcome == .cured)
    #expect(cure.findings.first?.cause == "large-learning-rate")
  }

  /// The weights are the fault: they are named, and drawn anew.
  @Test func weightsThatExplodeAreNamed() async throws {
    let start = try await Run(Self.problem()).network.tensors
    let huge = start.map { tensor in
      Tensor(name: tensor.name, shape: tensor.shape, values: tensor.values.map { $0 * 1e25 })
    }
    var recipe = Self.recipe()
    recipe.model = [.dense(16), .relu, .dense(1)]
    let problem = try Problem(recipe, train: Self.rows(0..<160), initial: huge)
    let cure = try await problem.cure()
    #expect(cure.findings.first?.cause == "poor-initialization")
    #expect(cure.outcome == .cured)
    #expect(cure.recipe.diff(from: problem.recipe).contains { $0.path == "initial" })
  }

  @Test func weightsOfAFile() async throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("keel-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let first = try Run(Self.problem(epochs: 60))
    _ = await first.train()
    let path = folder.appendingPathComponent("weights.safetensors").path
    try await first.network.save(to: path)
    var recipe = Self.recipe()
    recipe.initial = .init(.file(path))
    let run = try Run(Problem(recipe, train: Self.rows(0..<160)))
    #expect(try await run.network.tensors == first.network.tensors)
    // Of another network: each tensor, and both shapes.
    recipe.model = [.dense(8), .tanh, .dense(4), .tanh, .dense(1)]
    let error = #expect(throws: KeelError.self) {
      try Problem(recipe, train: Self.rows(0..<160))
    }
    let text = error?.description ?? ""
    for part in ["dense-1.weight", "16 × 2", "8 × 2", "dense-3.weight is missing"] {
      #expect(text.contains(part), "\(text) says nothing of \(part)")
    }
    recipe.initial = .init("nowhere.safetensors")
    #expect(throws: KeelError.self) { try Problem(recipe, train: Self.rows(0..<160)) }
    recipe.initial = .init(.memory)
    #expect(throws: KeelError.self) { try Problem(recipe, train: Self.rows(0..<160)) }
  }

  // MARK: predicting

  @Test func predictingIntoMemoryIsPredicting() async throws {
    var recipe = Self.recipe(epochs: 5)
    recipe.standardize = .both
    let run = try Run(Problem(recipe, train: Self.rows(0..<160)))
    _ = await run.train()
    let predictor = try Predictor(await run.network)
    let rows = (0..<600).map { [Float(sin(Double($0))), Float(cos(Double($0)))] }
    let expected = try predictor.predict(rows).flatMap { $0 }
    var outputs: [Float] = []
    try predictor.predict(rows.flatMap { $0 }, into: &outputs)
    #expect(outputs == expected)
    try predictor.predict([1, 2], into: &outputs)
    #expect(try [outputs] == predictor.predict([[1, 2]]))
    #expect(throws: KeelError.self) { try predictor.predict([1, 2, 3], into: &outputs) }
  }
}

extension Run {
  /// A loop on the run's own thread.
  /// - Returns: how many steps it took.
  fileprivate func fit() -> Int {
    var steps = 0
    while let step = step() {
      steps += step.index >= 0 ? 1 : 0
      _ = gradient(of: "dense-1.weight")
    }
    return steps
  }
}
