import ArgumentParser
import Foundation
import Keel
import KeelReport

struct DiagnoseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diagnose",
    abstract: "Why did it explode, or learn nothing? The causes at work, shown by experiment.")

  @OptionGroup var source: ProblemOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var machine: MachineOptions

  @Flag(help: "Theory and forty steps only: suspects, no experiments.")
  var quick = false

  func validate() throws {
    guard !quick || source.engine == nil else {
      throw ValidationError("--quick is theory, and takes a recipe: no engine shows its layers")
    }
  }

  func run() async throws {
    machine.apply()
    let scope: Diagnosis.Scope = quick ? .quick : .full
    let bar = ProgressBar(isWanted: output.wantsProgress)
    bar.say("reading the rows, building the network")
    let (problem, engine) = try source.problem()
    defer { engine?.finish() }
    let diagnosis = try await interruptible {
      try await problem.diagnosis(scope) { step in
        bar.show("training", step.index + 1, of: step.total, "loss \(Text.number(step.loss))")
      }
    }
    bar.clear()
    output.show(
      DiagnosisPage(diagnosis, of: problem.recipe, line: source.line, engine: engine?.note),
      to: source.isStartedByEngine ? engine : nil)
    if diagnosis.verdict == .exploding { throw ExitCode(1) }
  }
}
