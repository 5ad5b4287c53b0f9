import ArgumentParser
import Keel
import KeelReport

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
    output.show(ForecastPage(forecast, line: source.line))
    if forecast.verdict == .exploding { throw ExitCode(1) }
  }
}
