import ArgumentParser
import Foundation
import KeelAuthoring
import KeelBenchmarks
import KeelFaultJudge
import KeelFaults

/// Makes faults in healthy recipes and holds what Keel says of them against what was done.
@main
struct Faults: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "faults", abstract: "Detection, diagnosis and cure of injected faults.")

  @Option(
    help: """
      A, and C for every other setting: what may be looked at while developing; B and D: what is \
      reported; M: faults that train.
      """)
  var seeds = SeedSet.a

  @Option(help: "Stop at so many faults that explode, and 2.5 times as many healthy recipes.")
  var count = 400

  @Option(help: "Only these draws (A17,Ah4), or those of one kind of fault (learning-rate).")
  var only: String?

  @Option(help: "Make nothing, but judge anew what an earlier run made: its .jsonl.")
  var again: String?

  @Option(help: "Start no new draw after so many minutes.")
  var minutes = 110.0

  @Option(help: "Draws side by side.")
  var workers = ProcessInfo.processInfo.activeProcessorCount

  @Option(name: .customLong("out"), help: "Where results, sealed forecasts and rows go.")
  var folder = ".build/faults"

  @Flag(inversion: .prefixedNo, help: "Ask the simple systems, too.")
  var baselines = true

  @Flag(help: "Keep recipes and their rows.")
  var keep = false

  @Flag(help: "Print the tables of what is there, and run nothing.")
  var report = false

  @Flag(help: "Print the confidence that findings should have had, by kind.")
  var calibrate = false

  func validate() throws {
    if let only, Selection(only) == nil {
      let kinds = Fault.Kind.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--only \(only): name draws, as A17,Ah4, or one of \(kinds)")
    }
    if again != nil, only != nil {
      throw ValidationError("--again judges all that is in its file: leave --only out")
    }
    guard count > 0, minutes > 0, (1...256).contains(workers) else {
      throw ValidationError("--count, --minutes and --workers take numbers above 0")
    }
  }

  func run() async throws {
    MatrixProducts.use(threads: 1)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let name = "\(folder)/\(seeds.rawValue)"
    let ledger = try Ledger("\(name).jsonl")
    let seal = try Seal("\(name)-sealed.txt")
    if !report { try await work(ledger, seal) }
    let result = Report(ledger.entries, seal)
    print(result.text)
    if calibrate { print(Calibration(ledger.judgements).table.text) }
    try result.json.write(to: URL(fileURLWithPath: "\(name).json"), options: .atomic)
    try result.text.write(toFile: "\(name).md", atomically: true, encoding: .utf8)
  }

  private func work(_ ledger: Ledger, _ seal: Seal) async throws {
    let earlier = try again.map { try Ledger(reading: $0).entries } ?? []
    let made = Dictionary(
      uniqueKeysWithValues: earlier.map { ($0.key, $0.judgements.map(\.specimen)) })
    let queue = Queue(
      seeds, ledger, faults: count, healthy: seeds == .m ? 0 : count * 5 / 2,
      again == nil
        ? only.flatMap(Selection.init) ?? .all : .draws(earlier.compactMap { Work($0.key) }),
      until: Date().addingTimeInterval(60 * minutes))
    let (root, asks, keeps) = ("\(folder)/work", baselines, keep)
    try await withThrowingTaskGroup { group in
      for _ in 0..<workers {
        group.addTask {
          while let work = queue.next() {
            let entry = try await work.done(
              in: root, seal, baselines: asks, keeps: keeps, again: made[work.key])
            try ledger.add(entry)
            queue.add(entry)
            Text.note("\(queue.progress); \(work.key)")
          }
        }
      }
      try await group.waitForAll()
    }
  }
}

extension SeedSet: ExpressibleByArgument {}
