import ArgumentParser
import Foundation
import KeelAuthoring
import KeelArchive
import KeelReport

/// Where runs are kept.
struct ArchiveOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Keep the run in this file, or in 'none'; if not given, in .keel/keel.sqlite beside the recipe.",
      valueName: "path"))
  var archive: String?

  /// The file, for what lies beside `recipe`; nil where nothing is kept.
  func path(beside recipe: String?) -> String? {
    if let archive { return archive == "none" ? nil : archive }
    // What comes through a pipe lies nowhere.
    let folder = recipe.flatMap { RecipeFile.isFile($0) ? $0 : nil }
      .map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }
    return (folder ?? FileManager.default.currentDirectoryPath) + "/.keel/keel.sqlite"
  }

  /// The folder that it lies in; nil where nothing is kept.
  func folder(beside recipe: String) -> String? {
    path(beside: recipe).map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }
  }

  /// Checks that a file that is to be written is not the archive.
  func check(_ target: String, beside recipe: String?) throws {
    func resolved(_ path: String) -> String {
      URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    }
    guard let path = path(beside: recipe), resolved(path) == resolved(target) else { return }
    throw KeelError(.usage, at: target, "is the archive of runs", fix: "write to another file")
  }

  /// The archive, to read it.
  /// - Throws: `KeelError` where there is none, or it cannot be read.
  func open(create: Bool = false) throws -> History {
    guard let path = path(beside: nil) else {
      throw KeelError(.usage, at: "--archive", "none holds no runs", fix: "name a file")
    }
    let isWatched = LiveFolder.isThere(beside: path)
    let history = try History(path, create: create || isWatched)
    do {
      try LiveFolder(beside: history).take(all: true)
    } catch {
      ProgressBar.interrupt("warning: \(error); what keel.watch wrote is not taken in\n")
    }
    return history
  }

  /// How a run is named on a command line; nil where it is not kept.
  func place(of recorder: Recorder?) -> String? {
    guard let recorder, recorder.history.path != ":memory:" else { return nil }
    let id = String(recorder.id.prefix(8))
    guard path(beside: nil) != recorder.history.path else {
      return id + (line.isEmpty ? "" : " \(line)")
    }
    return "\(id) --archive \(Text.quoted(recorder.history.path))"
  }

  /// The run that an argument names; nil where it names a file, or is no beginning of an id.
  /// - Throws: `KeelError` where it begins the ids of several.
  func run(named argument: String?) throws -> ArchivedRun? {
    guard let argument, argument.count >= 4, argument.allSatisfy(\.isHexDigit),
      !FileManager.default.fileExists(atPath: argument),
      let path = path(beside: nil),
      FileManager.default.fileExists(atPath: path) || LiveFolder.isThere(beside: path)
    else { return nil }
    return try open().run(argument)
  }

  /// The same choice on a command line.
  var line: String { archive.map { "--archive \(Text.quoted($0))" } ?? "" }

  /// Begins to keep a run; nil where it is not kept.
  ///
  /// An archive that nobody asked for is no reason not to train: what is wrong with it is told.
  /// - Parameters:
  ///   - file: the recipe's; nil where an engine trains.
  ///   - line: the problem as it stood on the command line.
  ///   - parent: the run that this one is about.
  ///   - model: the file that it keeps its network in.
  ///   - resumed: the file that it goes on from.
  /// - Throws: `KeelError` where the archive that was asked for cannot be written.
  func begin(
    _ kind: ArchivedRun.Kind, of recipe: Recipe, beside file: String?, line: String,
    engine: String? = nil, rows: String? = nil, parent: String? = nil, model: String? = nil,
    resumed: String? = nil
  ) throws -> Recorder? {
    guard let path = path(beside: file) else { return nil }
    do {
      let history = try History(path)
      let parent = try parent ?? resumed.flatMap { try history.training(keptIn: $0)?.id }
      return recorder(
        kind, of: recipe, line: line, engine: engine, rows: rows, parent: parent, model: model,
        in: history)
    } catch let error as KeelError where archive == nil {
      ProgressBar.interrupt("warning: \(error); the run is not kept\n")
      return nil
    }
  }

  /// The same for a run that a report is written of: what is kept nowhere is kept in memory.
  func beginForReport(
    _ kind: ArchivedRun.Kind, of recipe: Recipe, beside file: String?, line: String,
    engine: String? = nil, rows: String? = nil
  ) throws -> Recorder {
    try begin(kind, of: recipe, beside: file, line: line, engine: engine, rows: rows)
      ?? recorder(
        kind, of: recipe, line: line, engine: engine, rows: rows, in: History(":memory:"))
  }

  private func recorder(
    _ kind: ArchivedRun.Kind, of recipe: Recipe, line: String, engine: String?,
    rows: String?, parent: String? = nil, model: String? = nil, in history: History
  ) -> Recorder {
    let words = ["keel"] + CommandLine.arguments.dropFirst()
    let run = ArchivedRun(
      kind, of: recipe, engine: engine ?? "keel", rows: rows, problem: line,
      command: words.map(Text.quoted).joined(separator: " "),
      version: KeelCommand.configuration.version, parent: parent, model: model)
    return Recorder(
      run, recipe: recipe.description, in: history, warn: Self.warn)
  }

  @Sendable private static func warn(_ error: KeelError) {
    ProgressBar.interrupt("warning: \(error); the run is kept once it can be\n")
  }
}
