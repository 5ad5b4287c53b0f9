import ArgumentParser
import KeelAuthoring
import KeelBenchmarks

/// Trains the networks that explode in real life, sound or broken on purpose, and prints how they
/// fare.
@main
struct Trainings: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trainings",
    abstract: "Real trainings as one Markdown table: what they reach, or how they are cured.")

  @OptionGroup var selection: TableOptions

  @Flag(help: "Break each of them on purpose, and cure it.")
  var broken = false

  func run() async throws {
    MatrixProducts.use(threads: selection.threads)
    if broken {
      let breaks = try selection.chosen(Break.all, by: \.name)
      try await table(Break.header, breaks) { example in
        for seed in selection.seeds { Text.show(Text.row(try await example.row(seed: seed))) }
      }
    } else {
      let exercises = try selection.chosen(Exercise.all, by: \.name)
      try await table(Exercise.header, exercises) { exercise in
        Text.show(Text.row(try await exercise.row(seeds: selection.seeds)))
      }
    }
  }

  /// Rows as soon as they are known; what cannot be trained here is named, and the others go on.
  private func table<Row: Named>(
    _ header: [String], _ rows: [Row], _ show: (Row) async throws -> Void
  ) async throws {
    guard !rows.isEmpty else { return Text.note("no training of that name") }
    var leftOut: [String] = []
    Text.show(Text.header(header))
    for row in rows {
      do { try await show(row) } catch let error as KeelError {
        leftOut.append("\(row.name): left out; \(error)")
      }
    }
    for line in leftOut { Text.show("\n\(line)") }
  }
}

protocol Named {
  var name: String { get }
}
