import ArgumentParser
import Foundation
import KeelAuthoring

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

  @Flag(help: "Ways to step beside each other, without PyTorch: one by one over all at once.")
  var loops = false

  func run() async throws {
    MatrixProducts.use(threads: threads)
    if loops { return try await compareLoops() }
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

  /// Each way in turn, of as many steps.
  private func compareLoops() async throws {
    print("| training | a step in one go | run.steps | step() in the run | train(steps: 1) |")
    print("| --- | --- | --- | --- | --- |")
    for workload in Workload.all where only == nil || only == workload.name {
      let run = try workload.run()
      let count = workload.steps
      _ = await run.train(steps: count / 2)
      var times: [[Double]] = [[], [], [], []]
      for _ in 0..<pairs {
        times[0].append(await Self.seconds { _ = await run.train(steps: count) })
        times[1].append(
          await Self.seconds {
            var left = count
            for await _ in run.steps {
              left -= 1
              if left == 0 { break }
            }
          })
        times[2].append(await Self.seconds { await run.take(count) })
        times[3].append(
          await Self.seconds { for _ in 0..<count { _ = await run.train(steps: 1) } })
      }
      func ratio(_ way: Int) -> String {
        let ratios = zip(times[way], times[0]).map { $0 / $1 }.sorted()
        return String(format: "%.2f", ratios[ratios.count / 2])
      }
      let whole = times[0].sorted()[pairs / 2] / Double(count) * 1e6
      print(
        "| \(workload.name) | \(String(format: "%.1f µs", whole)) "
          + "| \(ratio(1)) | \(ratio(2)) | \(ratio(3)) |")
    }
  }

  private static func seconds(_ work: () async -> Void) async -> Double {
    let start = ContinuousClock.now
    await work()
    return (ContinuousClock.now - start) / .seconds(1)
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
      .appendingPathComponent("../Peers/step.py").standardizedFileURL
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

extension Run {
  /// A loop on the run's own thread.
  fileprivate func take(_ count: Int) {
    for _ in 0..<count { _ = step() }
  }
}
