import ArgumentParser
import Foundation
import KeelAuthoring
import KeelArchive
import KeelReport
import KeelRunners

extension ExportTarget: ExpressibleByArgument {}

struct CureCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cure",
    abstract: "Find the smallest change that works, prove it by trial, and write it.")

  @OptionGroup var source: ProblemOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var machine: MachineOptions
  @OptionGroup var archive: ArchiveOptions

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("Write the cured recipe there.", valueName: "fixed"))
  var fixed: String?

  @Option(
    parsing: .unconditional,
    help:
      "What the search may cost beyond the final training, in trainings of 1,000 steps or more, or thirds of 10¹¹ multiply-adds, whichever allows more; the diagnosis may cost twice that."
  )
  var budget = SearchPolicy.budget

  @Flag(help: "Leave what learns nothing without exploding as it is.")
  var onlyExplosions = false

  @Option(help: ArgumentHelp("Write what happened there, as one HTML file.", valueName: "file"))
  var report: String?

  @Option(
    name: .customLong("as"),
    help: ArgumentHelp("Print the cure as lines for pytorch or keras, too.", valueName: "framework")
  )
  var framework: ExportTarget?

  func validate() throws {
    try source.checkStudy()
    guard framework == nil || !source.isStudy else {
      throw ValidationError("--as prints lines of code; a study's cure is its command line")
    }
    guard budget.isFinite, budget >= 0 else {
      throw ValidationError("--budget takes a number of trainings, 0 or more")
    }
    guard fixed == nil || source.engine == nil else {
      throw ValidationError("-o writes a recipe; the cure of --engine is lines for its program")
    }
  }

  func run() async throws {
    machine.apply()
    for file in [fixed, report].compactMap({ $0 }) {
      if source.isStudy, let study = source.recipe {
        try RecipeOptions.checkTarget(file, apartFrom: [study] + StudyFile.read(study).files)
        func folder(_ path: String) -> String {
          URL(fileURLWithPath: path).resolvingSymlinksInPath().deletingLastPathComponent().path
        }
        // Its program runs where the study lies.
        guard file != fixed || folder(file) == folder(study) else {
          throw KeelError(
            .usage, at: file, "lies elsewhere than the study, whose program runs beside it",
            fix: "write it into the study's folder")
        }
      }
      guard let source = source.source else { continue }
      try source.checkTarget(file, source.read())
      try archive.check(file, beside: source.recipe)
    }
    if let report { try WrittenPage.check(report) }
    guard fixed == nil || fixed != report else {
      throw KeelError(
        .usage, at: report ?? "", "is where the recipe is to be written", fix: "name another file")
    }
    let bar = ProgressBar(isWanted: output.wantsProgress)
    bar.say("reading the rows, building the network")
    let (problem, engine) = try source.problem()
    defer { engine?.finish() }
    let rows = engine == nil ? problem.checksum : nil
    let recorder =
      report == nil
      ? try archive.begin(
        .cure, of: problem.recipe, beside: source.recipe, line: source.line, engine: engine?.name,
        rows: rows)
      : try archive.beginForReport(
        .cure, of: problem.recipe, beside: source.recipe, line: source.line, engine: engine?.name,
        rows: rows)
    let cure = Cure(problem, budget: budget, onlyExplosions: onlyExplosions) {
      recorder?.record($0)
      bar.show($0)
    }
    let history: CaseHistory
    var interruption: CancellationError?
    do {
      history = try await interruptible { try await cure.run() }
    } catch let error as KeelError {
      await recorder?.end(.init("failed"))
      throw error
    } catch let error as CancellationError {
      guard let known = await cure.history else {
        await recorder?.end(.init("interrupted"))
        throw error
      }
      (history, interruption) = (known, error)
    }
    bar.clear()
    let target = history.outcome == .cured ? fixed : nil
    var failure: (any Error)?
    do {
      if let target { try write(history.recipe, engine?.study, to: target) }
    } catch {
      failure = error
    }
    let page = CurePage(
      history, of: problem.recipe, line: source.line, written: failure == nil ? target : nil,
      wanted: fixed, framework: framework, engine: engine?.note, budget: budget,
      onlyExplosions: onlyExplosions)
    let unkept = await recorder?.end(history, page.json)
    var drawn: String?
    do {
      if let report, let recorder {
        if let unkept { throw unkept }
        _ = try WrittenPage(recorder, to: report)
        drawn = report
      }
    } catch {
      failure = failure ?? error
    }
    // Of JSON one object: the error, where there is one. People are told the rest, too.
    if failure == nil || !output.json {
      output.show(
        page.telling(report: drawn, at: archive.place(of: recorder)),
        to: source.isStartedByEngine ? engine : nil, keptAs: recorder)
    }
    if let failure { throw failure }
    if interruption != nil { throw ExitCode(130) }
    if history.outcome == .incurable { throw ExitCode(1) }
  }

  private func write(_ cured: Recipe, _ study: Study?, to target: String) throws {
    guard let study else { return try RecipeFile.write(cured, to: target) }
    try StudyFile.write(study.setting(of: cured), to: target)
  }
}
