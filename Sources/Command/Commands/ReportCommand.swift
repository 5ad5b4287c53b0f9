import ArgumentParser
import Foundation
import KeelAuthoring
import KeelArchive
import KeelReport

struct ReportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "A run as one HTML file, with pictures, that needs nothing else.")

  @Argument(help: "A recipe file (YAML), which is then cured; or the beginning of a run's id.")
  var run: String

  @OptionGroup var change: ChangeOptions
  @OptionGroup var archive: ArchiveOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var machine: MachineOptions

  @Option(name: [.customShort("o"), .customLong("output")], help: "Write it there.")
  var file = "report.html"

  func run() async throws {
    machine.apply()
    if let known = try archive.run(named: run) {
      try archive.check(file, beside: nil)
      try WrittenPage.check(file)
      guard change.words.isEmpty else {
        throw KeelError(
          .usage, at: known.id, "is over: nothing can be set in it any more",
          fix: "give a recipe, or leave \(change.words[0]) out")
      }
      return output.show(try WrittenPage(known, in: archive.open(), to: file))
    }
    guard FileManager.default.fileExists(atPath: run) else {
      throw KeelError(
        .missing, at: run, "is no recipe file, and no run of an archive here",
        fix: "list runs with: keel runs; name their archive with --archive")
    }
    var source = RecipeOptions()
    (source.recipe, source.change) = (run, change)
    let recipe = try source.read()
    try source.checkTarget(file, recipe)
    try WrittenPage.check(file)
    try archive.check(file, beside: run)
    let bar = ProgressBar(isWanted: output.wantsProgress)
    bar.say("reading the rows, building the network")
    let problem = try Problem(recipe)
    let recorder = try archive.beginForReport(
      .cure, of: recipe, beside: run, line: source.line, rows: problem.checksum)
    let cure = Cure(problem) {
      recorder.record($0)
      bar.show($0)
    }
    let history = try await keeping(recorder) { try await interruptible { try await cure.run() } }
    bar.clear()
    let page = CurePage(
      history, of: recipe, line: source.line, written: nil, wanted: nil, framework: nil,
      budget: SearchPolicy.budget, onlyExplosions: false)
    if let unkept = await recorder.end(history, page.json) { throw unkept }
    output.show(try WrittenPage(recorder, to: file))
  }
}

extension WrittenPage {
  /// What only a report has, near its beginning.
  private static let mark = #"<meta name="generator" content="keel">"#

  /// Checks, before any work, that a report can be written there, and takes the place of nothing
  /// but a report.
  static func check(_ path: String) throws {
    try AtomicFile.check(path)
    let attributes = try? FileManager.default.attributesOfItem(
      atPath: URL(fileURLWithPath: path).resolvingSymlinksInPath().path)
    guard attributes?[.type] as? FileAttributeType == .typeRegular,
      let file = FileHandle(forReadingAtPath: path),
      let head = try? file.read(upToCount: 1024), !head.isEmpty,
      !String(decoding: head, as: UTF8.self).contains(mark)
    else { return }
    throw KeelError(
      .usage, at: path, "is there, and is no report", fix: "name another file, or remove that one")
  }

  /// Writes the report of a run.
  /// - Throws: `KeelError` where the archive cannot be read, or the file not be written.
  init(_ run: ArchivedRun, in history: History, to file: String) throws {
    let problem = try history.recipe(of: run).flatMap { try? Problem($0) }
    // What its rows, which may be others today, do not allow is left out.
    let html = try ReportPage(
      run, in: history, forecast: try? problem?.quickForecast(),
      exponents: try? problem?.exponents(of: run)
    ).html
    try AtomicFile.write(Data(html.utf8), to: file)
    self.init(file, bytes: html.utf8.count, of: run)
  }

  /// The same of a run that has just ended.
  init(_ recorder: Recorder, to file: String) throws {
    try self.init(recorder.history.run(recorder.id), in: recorder.history, to: file)
  }
}

extension Problem {
  /// Steps that are trained again at the most, to see the numbers before an explosion.
  private static let most = 2000

  /// The sizes of the numbers before a run exploded; nil where it did not, or only much later.
  fileprivate func exponents(of run: ArchivedRun) throws -> Exponents? {
    guard let step = run.explosionStep, (1...Self.most).contains(step),
      let (weights, gradients) = try values(after: step)
    else { return nil }
    return Exponents([
      .init("weights before step \(Text.count(step))", of: weights),
      .init("gradients of step \(Text.count(step - 1))", of: gradients),
    ])
  }
}
