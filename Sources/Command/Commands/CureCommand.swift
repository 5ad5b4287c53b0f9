import ArgumentParser
import Foundation
import Keel
import KeelArchive

struct CureCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cure",
    abstract: "Find the smallest change that works, prove it by trial, and write it.")

  @OptionGroup var source: RecipeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var machine: MachineOptions

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("Write the cured recipe there.", valueName: "fixed"))
  var fixed: String?

  func run() async throws {
    machine.apply()
    let recipe = try source.read()
    if let fixed { try source.checkTarget(fixed, recipe) }
    let bar = ProgressBar(isWanted: output.wantsProgress)
    let cure = Cure(recipe) { CurePage.show($0, on: bar) }
    let history = try await interruptible { try await cure.run() }
    bar.clear()
    if let fixed, history.outcome == .cured {
      try RecipeFile.write(history.recipe, to: fixed)
    }
    if output.json {
      Terminal.output.write(JSON.text(history))
    } else {
      let page = CurePage(
        history: history, recipe: recipe, line: source.line,
        written: history.outcome == .cured ? fixed : nil)
      Terminal.output.write(page.text)
    }
    if history.outcome == .incurable { throw ExitCode(1) }
  }
}
