import ArgumentParser
import Foundation
import Keel
import KeelArchive

struct TrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train a recipe, watching every layer.")

  @OptionGroup var source: RecipeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var machine: MachineOptions

  @Option(
    help: ArgumentHelp("Write the trained network there (safetensors).", valueName: "model"))
  var save: String?

  func run() async throws {
    machine.apply()
    let recipe = try source.read()
    if let save { try source.checkTarget(save, recipe) }
    let run = try Run(recipe)
    let bar = ProgressBar(isWanted: output.wantsProgress)
    let training = try await interruptible {
      await run.train { step in
        bar.show("training", step.index + 1, of: step.total, "loss \(Text.number(step.loss))")
      }
    }
    bar.clear()
    if let save, training.explosion == nil { try ModelFile.write(try await run.network, to: save) }
    if output.json {
      Terminal.output.write(JSON.text(training))
    } else {
      let page = TrainPage(
        training: training, trace: await run.trace, size: await run.size,
        baseline: await run.baseline, name: recipe.name, line: source.line,
        saved: training.explosion == nil ? save : nil)
      Terminal.output.write(page.text)
    }
    switch training.outcome {
    case .trained: return
    case .exploded: throw ExitCode(1)
    case .stopped: throw ExitCode(130)
    }
  }
}
