import ArgumentParser
import Keel
import KeelArchive

struct ForecastCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "forecast", abstract: "Will it explode? Before training.")

  @OptionGroup var source: RecipeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var machine: MachineOptions

  func run() async throws {
    machine.apply()
    let recipe = try source.read()
    let bar = ProgressBar(isWanted: output.wantsProgress)
    bar.say("reading the rows, building the network")
    let problem = try Problem(recipe)
    let forecast = try await interruptible {
      try await problem.forecast { spent, limit in
        bar.show("forecasting", spent, of: limit, "gradients")
      }
    }
    bar.clear()
    if output.json {
      Terminal.output.write(raw: JSON.text(forecast))
    } else {
      Terminal.output.write(ForecastPage(forecast: forecast, line: source.line).text)
    }
    if forecast.verdict == .exploding { throw ExitCode(1) }
  }
}
