import ArgumentParser
import Foundation
import KeelAuthoring
import Synchronization
import KeelArchive

/// What it costs to keep a long run: the archive's size, and the time of a step with it over the
/// time without, in one process and in turn; and the processor's time, of all threads.
@main
struct Archive: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "archive", abstract: "Size of a kept run, and what keeping it costs a step.")

  @Option(help: "Steps of the long run.") var steps = 1_000_000
  @Option(help: "Layers of it.") var layers = 50
  @Option(help: "Steps of each of the runs that are timed.") var timed = 20_000
  @Option(help: "Pairs that are timed.") var pairs = 5

  func run() async throws {
    MatrixProducts.use(threads: 1)
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "keel-archive-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("keel.sqlite").path
    let history = try History(path)

    print(
      "| network | a step without | with | ratio (median of \(pairs) pairs) | in the training's "
        + "thread | all threads |")
    print("| --- | --- | --- | --- | --- | --- |")
    for (name, recipe) in [
      ("2-16-16-2, batch 32", Self.recipe(layers: 2, units: 16, steps: timed)),
      ("\(layers) × 8, batch 8", Self.recipe(layers: layers, units: 8, steps: timed)),
      ("\(layers) × 64, batch 32", Self.recipe(layers: layers, units: 64, steps: timed / 10)),
    ] {
      var (plain, kept): ([Cost], [Cost]) = ([], [])
      for _ in 0..<pairs {
        plain.append(try await Self.train(recipe, nil))
        kept.append(try await Self.train(recipe, history))
      }
      func middle(_ values: [Double]) -> Double { values.sorted()[pairs / 2] }
      let ratio = middle(zip(kept, plain).map { $0.wall / $1.wall })
      let more = middle(zip(kept, plain).map { $0.processor - $1.processor })
      print(
        String(
          format: "| %@ | %.1f µs | %.1f µs | %.3f | %.2f µs | %+.1f µs |", name,
          middle(plain.map(\.wall)) * 1e6, middle(kept.map(\.wall)) * 1e6, ratio,
          (middle(kept.map(\.own)) - middle(plain.map(\.own))) * 1e6, more * 1e6))
    }

    let before = try history.size()
    let time = try await Self.train(
      Self.recipe(layers: layers, units: 8, steps: steps), history
    ).wall
    let run = try history.runs()[0]
    let size = try history.size() - before
    let clock = ContinuousClock()
    let reading = try clock.measure {
      for (name, layer) in try history.seriesNames(of: run.id) {
        _ = try history.series(name, layer: layer, of: run.id, atMost: 1 << 16)
      }
    }
    print(
      String(
        format: "\n%d steps × %d layers: %.1f MB, %.1f s; all series read in %.2f s", steps, layers,
        Double(size) / 1e6, time * Double(steps),
        Double(reading.components.attoseconds) / 1e18 + Double(reading.components.seconds)))
  }

  private static func recipe(layers: Int, units: Int, steps: Int) -> Recipe {
    Recipe(
      data: .regression(samples: 256, features: 8, noise: 0.1), standardize: .both,
      model: [.repeat(layers - 1, [.dense(units), .tanh]), .dense(1)], initializer: .xavier(),
      loss: .meanSquaredError, optimizer: .sgd(learningRate: 0.001),
      training: .init(epochs: 1_000_000, batch: units == 64 ? 32 : 8, maxSteps: steps))
  }

  /// Seconds a step.
  private struct Cost {
    /// As the training took them.
    let wall: Double
    /// What watching took of the training's own time, two looks at the clock included.
    let own: Double
    /// Of all threads of the process, the writing one's too.
    let processor: Double
  }

  private static func train(_ recipe: Recipe, _ history: History?) async throws -> Cost {
    let run = try Run(Problem(recipe))
    let recorder = history.map {
      Recorder(
        ArchivedRun(.train, of: recipe, command: "archive", version: "benchmark"),
        recipe: recipe.description, in: $0
      ) { print("warning: \($0)") }
    }
    let before = processorTime()
    let spent = Mutex(Duration.zero)
    let training = await run.train { step in
      let start = ContinuousClock.now
      recorder?.record(step)
      let end = ContinuousClock.now
      spent.withLock { $0 += end - start }
    }
    await recorder?.finish(.init(training.outcome.rawValue, training: training, body: "{}"))
    return Cost(
      wall: 1 / training.stepsPerSecond,
      own: spent.withLock { $0 / .seconds(1) } / Double(training.steps),
      processor: (processorTime() - before) / Double(training.steps))
  }

  private static func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
