import ArgumentParser
import Foundation
import Keel
import KeelBenchmarks

/// Diagnoses and cures every case, and prints what came out beside what should have.
@main
struct Cases: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cases",
    abstract: "Forecast, diagnosis and cure of failed trainings, as Markdown tables.")

  enum Selection: String, CaseIterable, ExpressibleByArgument { case shared, variants, all }

  @Option(help: "Seeds, separated by commas.", transform: Self.seeds)
  var seeds: [UInt64] = [0, 1, 2]

  @Option(help: "Only cases whose name matches this regular expression.")
  var only: String?

  @Option(name: .customLong("set"), help: "Which cases.")
  var selection = Selection.all

  @Flag(help: "Hold two simple systems against Keel as well.")
  var baselines = false

  @Option(
    name: .customLong("json"),
    help: ArgumentHelp("Write everything there as well, after every case.", valueName: "file"))
  var json: String?

  @Option(help: "Threads of a training.")
  var threads = ProcessInfo.processInfo.activeProcessorCount

  func validate() throws {
    guard (1...4096).contains(threads) else {
      throw ValidationError("--threads \(threads): give a number from 1 to 4096")
    }
    _ = try pattern
  }

  private var pattern: Regex<AnyRegexOutput>? {
    get throws {
      guard let only else { return nil }
      do { return try Regex(only) } catch {
        throw ValidationError("--only \(only): is not a regular expression")
      }
    }
  }

  private static func seeds(_ text: String) throws -> [UInt64] {
    let seeds = text.split(separator: ",", omittingEmptySubsequences: false).map { UInt64($0) }
    guard !seeds.contains(nil), Set(seeds).count == seeds.count else {
      throw ValidationError("--seeds \(text): write different whole numbers, such as 0,1,2")
    }
    return seeds.compactMap { $0 }
  }

  func run() async throws {
    MatrixProducts.use(threads: threads)
    var report = Report(baselines ? Competitor.allCases : [])
    let entries = try chosen()
    if let json { try report.write(to: json) }  // a path that is no good is known before the work
    if !entries.isEmpty { Text.show(Text.header(Sample.header)) }
    for (suite, example) in entries {
      do {
        try await report.add(example, of: suite, seeds: seeds)
      } catch let error as KeelError {
        report.skip(example, String(describing: error))
      }
      if let json { try report.write(to: json) }
    }
    report.showSummaries()
    report.showBaselines()
  }

  /// The cases asked for; the shared ones may be absent, and then the others go on.
  private func chosen() throws -> [(Suite, Case)] {
    var suites: [Suite] = []
    if selection != .variants {
      do { suites.append(try Suite(Suite.shared)) } catch let error as KeelError
        where error.kind == .missing
      {
        Text.note("shared cases: \(error)")
        if selection == .all { Text.note("going on with the variants") }
      }
    }
    if selection != .shared { suites.append(try Suite(Suite.variants)) }
    let pattern = try pattern
    let entries = suites.flatMap { suite in
      suite.cases.filter { example in pattern.map { example.name.contains($0) } ?? true }
        .map { (suite, $0) }
    }
    if entries.isEmpty { Text.note("no case to run") }
    return entries
  }
}
