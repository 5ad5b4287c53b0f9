import Foundation
import Keel

/// A small app, complete: it trains on rows of its own, heals what explodes, keeps itself, and
/// predicts.
///
/// `Readings FILE` trains, and keeps the training in the file; killed and started again, it goes on
/// from there. Here a pump's pressure is foretold from the last eight readings.
@main struct Readings {
  static let width = 8

  /// A pump that hums, with a bump now and then; in an app these are its own arrays.
  static let pressures: [Float] = (0..<2000).map { t in
    let time = Double(t)
    return Float(40 + 5 * sin(time / 7) + 2 * sin(time / 3) + (t % 50 < 4 ? 6 : 0))
  }

  static func examples(_ times: Range<Int>) throws -> Examples {
    try Examples(
      inputs: times.map { Array(pressures[$0..<$0 + width]) },
      targets: times.map { [pressures[$0 + width]] })
  }

  static func main() async throws {
    let file = CommandLine.arguments.dropFirst().first ?? "readings.safetensors"
    // Ten times the rate that such a network bears: it will explode.
    let recipe = Recipe(
      data: .memory, standardize: .both, model: [.dense(32), .relu, .dense(32), .relu, .dense(1)],
      initializer: .he(), loss: .meanSquaredError, optimizer: .sgd(learningRate: 2),
      training: .init(epochs: 30, batch: 32))
    let problem = try Problem(recipe, train: examples(0..<1600), test: examples(1600..<1990))
    print("forecast:", try await problem.forecast().verdict)

    let isKept = FileManager.default.fileExists(atPath: file)
    let run =
      isKept ? try Run(resuming: CheckpointFile.read(file), of: problem) : try Run(problem)
    if isKept { print("goes on at step", await run.trace.count) }
    let keeping = CheckpointPolicy.file(file) { print("not kept:", $0) }
    let training = await run.train(healing: HealingPolicy(), checkpointing: keeping)
    for recovery in training.recoveries {
      print("exploded at step \(recovery.step), went on with \(recovery.remedy):")
      for change in recovery.changes { print(change) }
    }
    print("training:", training.verdict, "score", training.score)

    // Kept as it is now, for whoever predicts.
    let network = try await run.network
    try CheckpointFile.write(await run.checkpoint(), to: file)
    let predictor = try Predictor(network)
    let row = Array(pressures[1990 - width..<1990])
    print("the next reading:", try predictor.predict([row])[0][0], "was", pressures[1990])
  }
}
