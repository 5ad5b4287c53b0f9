import ArgumentParser
import Foundation
import Keel
import KeelArchive
import KeelReport

struct ReportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "A run as one HTML file, with pictures, that needs nothing else."
  )

  @Argument(help: "A recipe file (YAML), which is then cured; or the beginning of a run's id.")
  var run: String

  @OptionGroup var change: ChangeOptions
  @OptionGroup var archive: ArchiveOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var machine: MachineOptions

  @Option(
    name: [.customShort("o"), .customLong("output")], help: "Write it there.")
  var file = "report.html"

  func run() async throws {
    machine.apply()
    try AtomicFile.check(file)
    if let run = try archive.run(named: run) {
      return output.show(try await write(run, in: archive.open()))
    }
    var source = RecipeOptions()
    (source.recipe, source.change) = (run, change)
    let recipe = try source.read()
    try source.checkTarget(file, recipe)
    let bar = ProgressBar(isWanted: output.wantsProgress)
    bar.say("reading the rows, building the network")
    let problem = try Problem(recipe)
    // What is kept nowhere is kept in memory for as long as the report takes.
    let path = archive.path(beside: run) ?? ":memory:"
    let history = try History(path)
    let recorder = archive.recorder(.cure, of: recipe, line: source.line, in: history)
    let cure = Cure(problem) {
      recorder.record($0)
      bar.show($0)
    }
    let result = try await interruptible { try await cure.run() }
    bar.clear()
    let page = CurePage(
      result, of: recipe, line: source.line, written: nil, wanted: nil, framework: nil,
      budget: SearchPolicy.budget, onlyExplosions: false)
    await recorder.finish(result, page.json)
    output.show(try await write(history.run(recorder.id), in: history))
  }

  private func write(_ run: ArchivedRun, in history: History) async throws -> WrittenPage {
    var forecast: Forecast?
    if let recipe = try history.recipe(of: run), let problem = try? Problem(recipe) {
      forecast = try problem.quickForecast()
    }
    let html = try ReportPage(run, in: history, forecast: forecast).html
    try AtomicFile.write(Data(html.utf8), to: file)
    return WrittenPage(file, bytes: html.utf8.count, of: run)
  }
}
