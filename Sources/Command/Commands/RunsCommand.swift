import ArgumentParser
import Foundation
import KeelAuthoring
import KeelArchive
import KeelLogs
import KeelReport

extension ArchivedRun.Kind: ExpressibleByArgument {}

struct RunsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs", abstract: "What was trained, diagnosed, cured and forecast.",
    subcommands: [
      List.self, Compare.self, Export.self, Delete.self, Prune.self, Merge.self,
    ], defaultSubcommand: List.self)

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Runs, the newest first.")

    @Argument(help: "Part of a recipe's name, or the beginning of a run's id.")
    var name: String?

    @Option(help: "train, forecast, diagnose or cure.")
    var kind: ArchivedRun.Kind?

    @Option(help: "How it ended, or its verdict: exploded, healthy, cured, …")
    var outcome: String?

    @Option(help: "At the most so many.")
    var limit = 20

    @OptionGroup var archive: ArchiveOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
      guard limit > 0 else { throw ValidationError("--limit takes a number, 1 or more") }
      if let outcome, !ArchivedRun.outcomes.contains(outcome) {
        throw ValidationError(
          "no run ends as '\(outcome)'; --outcome takes one of: "
            + ArchivedRun.outcomes.joined(separator: ", "))
      }
    }

    func run() async throws {
      let found = try archive.open().runs(named: name, kind: kind, outcome: outcome)
      output.show(
        RunsPage(
          Array(found.prefix(limit)), more: max(0, found.count - limit), line: archive.line))
    }
  }

  struct Compare: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Where two runs differ, and what they came to.")

    @Argument(help: "The beginning of a run's id.") var first: String
    @Argument(help: "The beginning of another's.") var second: String

    @OptionGroup var archive: ArchiveOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let history = try archive.open()
      let runs = try [history.run(first), history.run(second)]
      // A cure is what it made of its recipe.
      let recipes = try runs.compactMap { run in
        let cured = run.kind == .cure ? try? run.answer(CaseHistory.self).recipe : nil
        return try cured ?? history.recipe(of: run)
      }
      let losses = try runs.map { run in
        try history.series("loss", of: run.id, atMost: 1024)?.path ?? []
      }
      let changes =
        recipes.count == 2 ? recipes[1].diff(from: recipes[0]) : runs[1].changes(from: runs[0])
      output.show(ComparisonPage(runs[0], runs[1], changes: changes, losses: losses))
    }
  }

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "A run's numbers for other tools: a row a step.",
      discussion: """
        A run that went back, and a cure, have several segments: lines of steps that begin anew. Of a \
        layer a long run keeps single steps only at its beginning and its end; the others are left \
        empty.
        """)

    @Argument(help: "The beginning of a run's id.") var run: String

    /// What the numbers are written as.
    enum Format: String, CaseIterable, ExpressibleByArgument { case csv, jsonl, tensorboard }

    @Option(
      name: .customLong("as"),
      help: "csv; jsonl: an object a line; tensorboard: events, into the folder of --output.")
    var format = Format.csv

    @Option(
      name: [.customShort("o"), .customLong("output")],
      help: "Write it there; to standard output if not given.")
    var file: String?

    func validate() throws {
      guard format != .tensorboard || file != nil else {
        throw ValidationError("TensorBoard reads a folder: name it with --output")
      }
    }

    @OptionGroup var archive: ArchiveOptions

    func run() async throws {
      let history = try archive.open()
      let run = try history.run(self.run)
      guard try !history.seriesNames(of: run.id).isEmpty else {
        let training = run.parent.map { "; those of the training are \($0.prefix(8))'s" } ?? ""
        throw KeelError(
          .invalid, at: run.id, "is a \(run.kind.rawValue) that has no steps of its own\(training)",
          fix: "give a run that trained: keel runs --kind train")
      }
      if let file { try archive.check(file, beside: nil) }
      switch format {
      case .csv: try write(.csv, of: run, from: history)
      case .jsonl: try write(.jsonl, of: run, from: history)
      case .tensorboard: try writeEvents(of: run, from: history, into: file ?? ".")
      }
    }

    private func write(_ format: RunExport, of run: ArchivedRun, from history: History) throws {
      guard let file else {
        return try format.write(run, from: history) { Terminal.output.write(raw: $0) }
      }
      try AtomicFile.check(file)
      var text = ""
      try format.write(run, from: history) { text += $0 }
      try AtomicFile.write(Data(text.utf8), to: file)
    }

    /// A folder of its own in TensorBoard's, so that runs lie beside each other there: the line
    /// that the run ended on; of a cure what failed and what it became, each by itself.
    private func writeEvents(
      of run: ArchivedRun, from history: History, into folder: String
    ) throws {
      let name = run.name.map { $0.isLetter || $0.isNumber || "-_.".contains($0) ? $0 : "-" }
      let own = "\(folder)/\(String(name.prefix(60)))-\(run.id.prefix(8))"
      guard run.kind == .cure else {
        return try writeEvents(of: run, from: history, into: own) {
          try history.lastSteps($0, layer: $1, of: run.id)
        }
      }
      let segments = try history.steps("loss", of: run.id).keys.sorted()
      for (place, segment) in segments.enumerated() {
        let part = place == 0 ? "before" : segments.count > 2 ? "attempt-\(place)" : "cured"
        try writeEvents(of: run, from: history, into: "\(own)/\(part)") {
          try history.steps($0, layer: $1, of: run.id)[segment] ?? [:]
        }
      }
    }

    private func writeEvents(
      of run: ArchivedRun, from history: History, into folder: String,
      _ values: (_ name: String, _ layer: String) throws -> [Int: Float]
    ) throws {
      var steps: [Int: [(tag: String, value: Float)]] = [:]
      for (name, layer) in try history.seriesNames(of: run.id) {
        let tag = layer.isEmpty ? name : "\(name)/\(layer)"
        for (step, value) in try values(name, layer) {
          steps[step, default: []].append((tag, value))
        }
      }
      var events = EventFile(time: run.began)
      let (last, seconds) = (steps.keys.max() ?? 0, run.seen - run.began)
      for (step, scalars) in steps.sorted(by: { $0.key < $1.key }) {
        events.add(
          scalars, step: step, time: run.began + seconds * Double(step) / Double(max(1, last)))
      }
      do {
        try FileManager.default.createDirectory(
          atPath: folder, withIntermediateDirectories: true)
      } catch {
        throw KeelError(
          .unwritable, at: folder, "cannot be made (\(error.localizedDescription))",
          fix: "name another folder")
      }
      try AtomicFile.write(
        events.data, to: "\(folder)/" + EventFile.name(time: run.began, source: run.id))
    }
  }

  struct Delete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Forget runs.")

    @Argument(help: "The beginnings of their ids.") var runs: [String]

    @OptionGroup var archive: ArchiveOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let history = try archive.open()
      // All are found before one is forgotten.
      let found = try runs.map { try history.run($0) }
      try history.delete(found)
      output.show(ForgottenPage(found, left: try history.size()))
    }
  }

  struct Prune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Forget the oldest runs, by age or until the file is small enough.")

    @Option(help: "Forget what ended so long ago: 30d, 12h, 8w, 90min.")
    var olderThan: Age?

    @Option(help: "Forget the oldest until the file has no more than this: 200MB, 1GB.")
    var to: ByteCount?

    @Flag(help: "Say which, and forget none.")
    var dryRun = false

    @OptionGroup var archive: ArchiveOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
      guard olderThan != nil || to != nil else {
        throw ValidationError("say what to forget: --older-than 30d, or --to 200MB")
      }
    }

    func run() async throws {
      let history = try archive.open()
      let gone = try history.prune(olderThan: olderThan?.seconds, to: to?.bytes, dryRun: dryRun)
      output.show(
        ForgottenPage(gone, left: try history.size(), wanted: to?.bytes, isDryRun: dryRun))
    }
  }

  struct Merge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take over the runs of another archive, or of a project of Trackio.")

    @Argument(help: "The other archive; or Trackio's file, PROJECT.db.") var other: String

    @OptionGroup var archive: ArchiveOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      // What is not there is told before an archive is made.
      let project = try TrackioProject(other)
      let kept = try project == nil ? History(other, create: false) : nil
      let history = try archive.open(create: true)
      let count = try project?.merge(into: history) ?? kept.map { try history.merge($0) } ?? 0
      output.show(MergedPage(count, into: history.path, unread: project?.unread ?? 0))
    }
  }
}
