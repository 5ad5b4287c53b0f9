import ArgumentParser
import Foundation
import Keel

/// Times a training step beside PyTorch's, in turns within one run, and prints the ratio.
@main
struct Steps: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "steps",
    abstract: "Seconds of a training step, in turns with PyTorch where a Python with it is named.")

  @Option(help: "Threads on both sides.")
  var threads = ProcessInfo.processInfo.activeProcessorCount

  @Option(help: "Turns.")
  var pairs = 5

  @Option(help: "A Python that can import torch; without it only Keel is timed.")
  var python: String?

  @Option(help: "One workload only.")
  var only: String?

  func run() async throws {
    MatrixProducts.use(threads: threads)
    print("\(threads) threads, \(pairs) turns, milliseconds a step: median (least to most)")
    for workload in Workload.all where only == nil || only == workload.name {
      var keel: [Double] = []
      var peer: [Double] = []
      let run = try workload.run()
      _ = await run.train(steps: workload.steps / 2)
      for _ in 0..<pairs {
        keel.append(1000 / (await run.train(steps: workload.steps)).stepsPerSecond)
        if let python { peer.append(try Self.peer(python, workload, threads)) }
      }
      print(Self.line(workload.name, keel, peer))
    }
  }

  private static func line(_ name: String, _ keel: [Double], _ peer: [Double]) -> String {
    let ratios = zip(keel, peer).map { $0 / $1 }
    let sides = "\(name): Keel \(summary(keel))"
    return peer.isEmpty
      ? sides : "\(sides), PyTorch \(summary(peer)), Keel/PyTorch \(summary(ratios))"
  }

  private static func summary(_ values: [Double]) -> String {
    let sorted = values.sorted()
    return String(
      format: "%.3f (%.3f to %.3f)", sorted[sorted.count / 2], sorted[0], sorted[sorted.count - 1])
  }

  /// Milliseconds of a step in PyTorch: the median that `step.py` prints.
  private static func peer(_ python: String, _ workload: Workload, _ threads: Int) throws -> Double
  {
    struct Answer: Decodable { let secondsPerStep: Double }
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Peers/step.py").standardizedFileURL
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = [
      script.path, workload.name, "--threads", String(threads), "--steps", String(workload.steps),
      "--watch",
    ]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return try JSONDecoder().decode(Answer.self, from: output).secondsPerStep * 1000
  }
}
