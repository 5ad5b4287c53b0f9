import ArgumentParser
import Foundation
import KeelAuthoring
import KeelArchive
import KeelLogs
import KeelReport

struct DiagnoseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diagnose",
    abstract: "Why did it explode, or learn nothing? The causes at work, shown by experiment.")

  @OptionGroup var source: ProblemOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var machine: MachineOptions
  @OptionGroup var archive: ArchiveOptions

  @Flag(help: "Theory and forty steps only: suspects, no experiments.")
  var quick = false

  @Option(
    name: .customLong("recipe"),
    help: ArgumentHelp(
      "Beside a log: the recipe, or the study, that it is of; experiments with it decide.",
      valueName: "recipe"))
  var decisive: String?

  func validate() throws {
    try source.checkStudy(decisive)
    guard !quick || (source.engine == nil && !source.isStudy) else {
      throw ValidationError("--quick is theory, and takes a recipe: no program shows its layers")
    }
  }

  func run() async throws {
    machine.apply()
    if decisive == nil, let run = try archive.run(named: source.recipe) {
      return try await explain(run)
    }
    if let path = source.recipe, TrainingLog.isLog(path) { return try await read(path) }
    guard decisive == nil else {
      throw KeelError(
        .usage, at: "--recipe", "is for beside a log, and \(source.recipe ?? "--engine") is none",
        fix: "leave it out, or name a log first: keel diagnose LOG --recipe RECIPE")
    }
    try await diagnose(source, quick ? .quick : .full) { diagnosis, recipe, engine in
      DiagnosisPage(diagnosis, of: recipe, line: source.line, engine: engine)
    }
  }

  /// Trains, makes the experiments, keeps what came out, and shows it.
  /// - Parameter page: what is shown of it.
  private func diagnose(
    _ source: ProblemOptions, _ scope: Diagnosis.Scope,
    page: (Diagnosis, Recipe, EngineNote?) -> some Page
  ) async throws {
    let bar = ProgressBar(isWanted: output.wantsProgress)
    bar.say("reading the rows, building the network")
    let (problem, engine) = try source.problem()
    defer { engine?.finish() }
    let recorder = try archive.begin(
      .diagnose, of: problem.recipe, beside: source.recipe, line: source.line,
      engine: engine?.name, rows: engine == nil ? problem.checksum : nil)
    let diagnosis = try await keeping(recorder) {
      try await interruptible {
        try await problem.diagnosis(scope) { progress in
          recorder?.record(progress)
          bar.show(progress)
        }
      }
    }
    bar.clear()
    await recorder?.end(
      .init(
        diagnosis.verdict.rawValue, training: diagnosis.training,
        cause: diagnosis.findings.first?.cause,
        body: DiagnosisPage(
          diagnosis, of: problem.recipe, line: source.line, engine: engine?.note
        ).json))
    output.show(
      page(diagnosis, problem.recipe, engine?.note),
      to: source.isStartedByEngine ? engine : nil, keptAs: recorder)
    if diagnosis.verdict == .exploding { throw ExitCode(1) }
  }

  /// What somebody has written down is evidence without experiments.
  private func read(_ path: String) async throws {
    guard !quick, source.change.words.isEmpty || decisive != nil else {
      throw KeelError(
        .usage, at: path, "is a log: nothing can be set in it, and it is quick",
        fix: "give the log alone")
    }
    let diagnosis = try LogDiagnosis(TrainingLog.read(path))
    if let decisive {
      var beside = source
      beside.recipe = decisive
      // Where the recipe is there, too, experiments decide what the log leaves open.
      return try await self.diagnose(beside, .full) { decided, recipe, engine in
        DecidedLogPage(
          diagnosis, of: path, decidedBy: decided, of: recipe, line: beside.line, engine: engine)
      }
    }
    output.show(LogPage(diagnosis, of: path))
    if diagnosis.verdict == .exploding { throw ExitCode(1) }
  }

  /// What is on record is not trained again: what was found is told, and of a training that nobody
  /// has explained yet only the experiments are made.
  private func explain(_ run: ArchivedRun) async throws {
    let history = try archive.open()
    guard !quick, source.change.words.isEmpty else {
      throw KeelError(
        .usage, at: run.id, "is over: nothing can be set in it, and --quick would say less",
        fix: "give a recipe, or the run alone")
    }
    guard !run.isLogged else {
      throw KeelError(
        .invalid, at: run.id, "was logged by \(run.engine): there is nothing to train again",
        fix: "give its recipe, or --engine with the program that trains it")
    }
    guard let recipe = try history.recipe(of: run) else {
      throw KeelError(
        .invalid, at: run.id, "has no recipe on record",
        fix: "type its command again: \(run.command)")
    }
    let diagnosis: Diagnosis
    switch run.kind {
    case .diagnose: diagnosis = try run.answer()
    case .cure: diagnosis = try run.answer(CaseHistory.self).diagnosis
    case .train:
      let (training, trace) = (try run.answer(Training.self), try history.trace(of: run))
      guard training.outcome != .stopped else {
        throw KeelError(
          .invalid, at: run.id, "was stopped before its end: nothing is known yet to be explained",
          fix: "train it to its end first: \(run.command)")
      }
      guard training.recoveries.isEmpty else {
        throw KeelError(
          .invalid, at: run.id, "was healed, and went on under another recipe",
          fix: "diagnose its recipe: keel diagnose \(run.problem)")
      }
      let problem = try Problem(recipe)
      guard run.rows == nil || run.rows == problem.checksum else {
        throw KeelError(
          .invalid, at: run.id, "was trained on other rows than its files have today",
          fix: "diagnose its recipe as it is today: keel diagnose \(run.problem)")
      }
      let recorder = try archive.begin(
        .diagnose, of: recipe, beside: nil, line: run.problem, rows: run.rows, parent: run.id)
      diagnosis = try await keeping(recorder) {
        try await interruptible {
          try await problem.diagnosis(of: training, trace) { recorder?.record($0) }
        }
      }
      await recorder?.end(
        .init(
          diagnosis.verdict.rawValue, training: training, cause: diagnosis.findings.first?.cause,
          body: DiagnosisPage(diagnosis, of: recipe, line: run.problem).json))
    case .forecast:
      throw KeelError(
        .invalid, at: run.id, "is a forecast: nothing was trained",
        fix: "train its recipe first, or diagnose that")
    }
    output.show(DiagnosisPage(diagnosis, of: recipe, line: run.problem, engine: run.engineNote))
    if diagnosis.verdict == .exploding { throw ExitCode(1) }
  }
}
