import ArgumentParser
import Foundation
import Keel

struct DiagnoseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diagnose",
    abstract: "Why did it explode, or learn nothing? The causes at work, shown by experiment.")

  @OptionGroup var source: RecipeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var machine: MachineOptions

  @Flag(help: "Theory and forty steps only: suspects, no experiments.")
  var quick = false

  func run() async throws {
    machine.apply()
    let scope: Diagnosis.Scope = quick ? .quick : .full
    let recipe = try source.read()
    let bar = ProgressBar(isWanted: output.wantsProgress)
    bar.say("reading the rows, building the network")
    let problem = try Problem(recipe)
    let diagnosis = try await interruptible {
      try await problem.diagnosis(scope) { step in
        bar.show("training", step.index + 1, of: step.total, "loss \(Text.number(step.loss))")
      }
    }
    bar.clear()
    if output.json {
      Terminal.output.write(
        raw: JSON.text(DiagnosisPage.Body(recipe: recipe, diagnosis: diagnosis)))
    } else {
      let page = DiagnosisPage(diagnosis: diagnosis, name: recipe.name, line: source.line)
      Terminal.output.write(page.text)
    }
    if diagnosis.verdict == .exploding { throw ExitCode(1) }
  }
}
