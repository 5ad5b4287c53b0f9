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
    let forecast = try await interruptible {
      try await recipe.forecast(naming: .standard) { spent, limit in
        bar.show("forecasting", spent, of: limit, "gradients")
      }
    }
    bar.clear()
    Terminal.output.write(
      output.json
        ? JSON.text(forecast) : ForecastPage(forecast: forecast, line: source.line).text)
    if forecast.verdict == .exploding { throw ExitCode(1) }
  }
}
