import ArgumentParser
import Foundation
import KeelAuthoring

/// Times training steps beside PyTorch's, in turns within one run, and prints the ratios.
@main
struct Steps: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "steps",
    abstract: "Seconds of a training step, in turns with PyTorch where a Python with it is named.")

  @Option(parsing: .upToNextOption, help: "Threads on both sides, one number or several.")
  var threads = [1, ProcessInfo.processInfo.activeProcessorCount]

  @Option(help: "Turns.")
  var pairs = 5

  @Option(help: "A Python that can import torch; without it only Keel is timed.")
  var python: String?

  @Flag(help: "PyTorch under torch.compile, too, which takes minutes.")
  var compile = false

  @Option(help: "Workloads whose name this is a part of.")
  var only: String?

  @Option(help: "A file for all numbers, as JSON.")
  var json: String?

  @Flag(help: "Ways to step beside each other, without PyTorch: one by one over all at once.")
  var loops = false

  @Flag(help: "How a step grows with depth, batch, length and parameters, without PyTorch.")
  var growth = false

  func run() async throws {
    let workloads = Workload.all.filter { only == nil || $0.name.contains(only ?? "") }
    MatrixProducts.use(threads: threads.max() ?? 1)
    if growth { return try await printGrowth() }
    if loops { return try await LoopComparison(workloads, pairs: pairs).print() }
    var rows: [StepRow] = []
    print(
      "Milliseconds a step: the middle of \(pairs) turns, least and most. Over a peer: its time")
    print("over Keel's. Of copies: as many trainings of one thread each, their steps in all.\n")
    print(StepRow.heading)
    for workload in workloads {
      for count in Set(threads).sorted() {
        let row = try await measure(workload, threads: count)
        rows.append(row)
        print(row.line)
      }
    }
    print("\n" + StepRow.summary(of: rows))
    if let json { try JSONEncoder().encode(rows).write(to: URL(fileURLWithPath: json)) }
  }

  private func printGrowth() async throws {
    print("| size | milliseconds a step | exponent |\n| --- | --- | --- |")
    for growth in Growth.all where only == nil || growth.axis.contains(only ?? "") {
      print(try await growth.line(pairs: pairs))
    }
  }

  private func measure(_ workload: Workload, threads count: Int) async throws -> StepRow {
    var row = StepRow(workload: workload.name, threads: count)
    let peer = python.map { Peer(python: $0, workload: workload, threads: count) }
    let run = try workload.run()
    let copies = try (0..<count).map { _ in try workload.run() }
    MatrixProducts.use(threads: count)
    _ = await run.train(steps: workload.steps / 2)
    for _ in 0..<pairs {
      MatrixProducts.use(threads: count)
      row.keel.append(1000 / (await run.train(steps: workload.steps)).stepsPerSecond)
      if let peer { row.eager.append(try peer.milliseconds()) }
      if let peer, compile { row.compiled.append(try peer.milliseconds(compiled: true)) }
      if count > 1 { row.copies.append(await Self.milliseconds(of: copies, workload.steps)) }
    }
    return row
  }

  /// A step of all of them together: each on a thread of its own, with no other.
  private static func milliseconds(of copies: [Run], _ steps: Int) async -> Double {
    MatrixProducts.use(threads: 1)
    let start = ContinuousClock.now
    await withTaskGroup(of: Void.self) { group in
      for copy in copies { group.addTask { _ = await copy.train(steps: steps) } }
    }
    return (ContinuousClock.now - start) / .milliseconds(1) / Double(steps * copies.count)
  }
}
