import ArgumentParser
import Foundation
import KeelAuthoring
import KeelBenchmarks

/// Diagnoses and cures every case, and prints what came out beside what should have.
@main
struct Cases: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cases",
    abstract: "Forecast, diagnosis and cure of failed trainings, as Markdown tables.")

  enum Sets: String, CaseIterable, ExpressibleByArgument { case shared, reports, variants, all }

  @OptionGroup var selection: TableOptions

  @Option(help: "Which cases.")
  var set = Sets.all

  @Flag(help: "Hold two simple systems against Keel as well.")
  var baselines = false

  @Option(
    name: .customLong("json"),
    help: ArgumentHelp("Write everything there as well, after every case.", valueName: "file"))
  var json: String?

  func run() async throws {
    MatrixProducts.use(threads: selection.threads)
    var report = Report(baselines ? Competitor.allCases : [])
    let entries = try chosen()
    if let json { try report.write(to: json) }  // a path that is no good is known before the work
    if !entries.isEmpty { Text.show(Text.header(Report.header)) }
    for (suite, example) in entries {
      do {
        try await report.add(example, of: suite, seeds: selection.seeds)
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
    for (wanted, place) in [(Sets.shared, Suite.shared), (.reports, Suite.reports)]
    where set == wanted || set == .all {
      do { suites.append(try Suite(place)) } catch let error as KeelError
        where error.kind == .missing
      {
        Text.note("\(place.0) cases: \(error)")
        if set == .all { Text.note("going on without them") }
      }
    }
    if set == .variants || set == .all { suites.append(try Suite(Suite.variants)) }
    let all = suites.flatMap { suite in suite.cases.map { (suite, $0) } }
    let entries = try selection.chosen(all) { $0.1.name }
    if entries.isEmpty { Text.note("no case to run") }
    return entries
  }
}
