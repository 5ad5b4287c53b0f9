import ArgumentParser
import Foundation
import KeelAuthoring
import KeelBenchmarks

/// Tries every remedy by itself against every cause, and writes what came out as a page.
@main
struct Matrix: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "matrix",
    abstract: "Every remedy against every cause, trained to the end, as Markdown tables.")

  @Option(help: "Guilty recipes of each cause; the first so many.")
  var recipes = 3

  @Option(help: "Seeds of each recipe, from its own on.")
  var seeds = 3

  @Option(help: "Only causes whose name contains this.")
  var only = ""

  @Option(
    help: ArgumentHelp("Write the tables there, between the page's two marks.", valueName: "page"))
  var into: String?

  @Option(help: "Threads of a training.")
  var threads = 1

  func validate() throws {
    guard recipes >= 1, seeds >= 1, (1...4096).contains(threads) else {
      throw ValidationError("--recipes, --seeds and --threads must be at least 1")
    }
    if let into { _ = try Page(into) }
  }

  func run() async throws {
    MatrixProducts.use(threads: threads)
    var columns: [Column] = []
    for cause in CauseCatalog.standard.causes
    where !cause.isOfEngines && (only.isEmpty || cause.name.contains(only)) {
      let start = ContinuousClock.now
      let column = try await Column(cause, recipes: recipes, seeds: seeds)
      let seconds = Text.fixed((ContinuousClock.now - start) / .seconds(1), 0)
      Text.note("\(cause.name): \(column.sick) trainings are sick, tried in \(seconds) s")
      columns.append(column)
    }
    let tables = Tables(columns).text
    guard let into else { return Text.show(tables) }
    try Page(into).replaced(by: tables)
  }
}

/// A page of which a part is written by this command.
struct Page {
  private static let marks = ["<!-- written by make matrix -->\n", "<!-- end -->\n"]
  private let path: String
  private let parts: (before: Substring, after: Substring)

  init(_ path: String) throws {
    let text: String
    do { text = try String(contentsOfFile: path, encoding: .utf8) } catch {
      throw ValidationError("--into \(path): cannot be read")
    }
    guard let first = text.range(of: Self.marks[0]), let last = text.range(of: Self.marks[1]),
      first.upperBound <= last.lowerBound
    else {
      throw ValidationError(
        "--into \(path): has no part between '\(Self.marks[0].dropLast())' "
          + "and '\(Self.marks[1].dropLast())'")
    }
    self.path = path
    parts = (text[..<first.upperBound], text[last.lowerBound...])
  }

  func replaced(by tables: String) throws {
    try (parts.before + "\n" + tables + "\n" + parts.after)
      .write(toFile: path, atomically: true, encoding: .utf8)
  }
}
