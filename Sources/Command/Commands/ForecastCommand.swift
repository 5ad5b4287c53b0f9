import ArgumentParser
import KeelAuthoring
import KeelReport

struct ForecastCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "forecast", abstract: "Will it explode? Before training.")

  @OptionGroup var source: RecipeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var machine: MachineOptions
  @OptionGroup var archive: ArchiveOptions

  func run() async throws {
    machine.apply()
    let recipe = try source.read()
    let bar = ProgressBar(isWanted: output.wantsProgress)
    bar.say("reading the rows, building the network")
    let problem = try Problem(recipe)
    let recorder = try archive.begin(
      .forecast, of: recipe, beside: source.recipe, line: source.line)
    let forecast = try await keeping(recorder) {
      try await interruptible {
        try await problem.forecast { spent, limit in
          bar.show("forecasting", spent, of: limit, "gradients")
        }
      }
    }
    bar.clear()
    let page = ForecastPage(forecast, line: source.line)
    await recorder?.end(
      .init(forecast.verdict.rawValue, cause: forecast.findings.first?.cause, body: page.json))
    output.show(page, keptAs: recorder)
    if forecast.verdict == .exploding { throw ExitCode(1) }
  }
}
