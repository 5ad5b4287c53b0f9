import ArgumentParser
import Foundation
import KeelArchive
import KeelAuthoring
import KeelReport
import Synchronization

struct MapCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "map",
    abstract: "Where is the edge? A stability map over two settings of a recipe, or of a study.")

  @OptionGroup var source: ProblemOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var machine: MachineOptions
  @OptionGroup var archive: ArchiveOptions

  @Option(
    help: ArgumentHelp(
      "The setting to the right: optimizer.sgd.learning-rate=1e-4..10 (logarithmic), or …,linear.",
      valueName: "path=low..high"))
  var x: String

  @Option(help: ArgumentHelp("The setting upwards.", valueName: "path=low..high"))
  var y: String

  @Option(help: ArgumentHelp("Cells to the right and upwards.", valueName: "columns×rows"))
  var size = "32x32"

  @Flag(help: "Train every cell to its end, however alike those around it are.")
  var whole = false

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("Draw it there: an SVG file; of another name its numbers, as JSON."))
  var file: String?

  /// More cells than anybody looks at.
  private static let mostCells = 1 << 16

  func validate() throws {
    try source.checkStudy()
    guard source.engine == nil else {
      throw ValidationError("a map is of a recipe, or of a study: --engine names no settings")
    }
  }

  func run() async throws {
    machine.apply()
    let (columns, rows) = try sizes()
    let (x, y) = (try MapAxis(x, count: columns), try MapAxis(y, count: rows))
    guard x.path != y.path else {
      throw KeelError(
        .usage, at: y.path, "is on both axes", fix: "name another setting for one of them")
    }
    if let file { try check(target: file) }
    let (problem, engine) = try source.problem()
    defer { engine?.finish() }
    let recipe = problem.recipe
    let isStudy = engine != nil
    let change: @Sendable (Recipe, MapAxis, Double) throws -> Recipe = { recipe, axis, value in
      guard !isStudy else { return try recipe.settingProgram(axis.path, to: value) }
      return try RecipeFile.change(recipe, setting: ["\(axis.path)=\(value)"])
    }
    try check(x, recipe, change)
    try check(y, recipe, change)
    let bar = ProgressBar(isWanted: output.wantsProgress)
    let variant: @Sendable (Double, Double) throws -> Problem = { first, second in
      try problem.with(change(change(recipe, x, first), y, second))
    }
    let trained = engine?.study.map { "\($0)" } ?? problem.checksum
    let kept = try keptCells(
      "\(KeelCommand.configuration.version)\(recipe)\(trained)\(x)\(y)\(whole)")
    let known = kept?.cells ?? []
    let counter = Counter(known.count)
    let map: StabilityMap
    do {
      map = try await interruptible {
        try await MapSearch(x, y, isWhole: whole, variant: variant).run(from: known) { cell in
          kept?.add(cell)
          bar.say("\(counter.next()) cells trained")
        }
      }
    } catch let error as CancellationError {
      bar.clear()
      guard kept != nil else { throw error }
      throw KeelError(
        .interrupted, at: "keel", "interrupted; \(counter.count) cells are kept",
        fix: "type the same command again to go on with them")
    }
    bar.clear()
    if let file {
      let isPicture = file.lowercased().hasSuffix(".svg")
      let text = isPicture ? EdgeMap(map, of: recipe).standalone : JSON.text(map)
      try AtomicFile.write(Data(text.utf8), to: file)
    }
    keep(map, of: recipe)
    output.show(MapPage(map, of: recipe, written: [file].compactMap { $0 }))
  }

  /// An archive that nobody asked for is no reason not to make a map.
  private func keptCells(_ key: String) throws -> MapCells? {
    do {
      return try MapCells(archive.folder(beside: source.recipe ?? ""), key: key)
    } catch let error as KeelError where archive.archive == nil {
      ProgressBar.interrupt("warning: \(error)\n")
      return nil
    }
  }

  /// For the reports of the recipe's runs.
  private func keep(_ map: StabilityMap, of recipe: Recipe) {
    guard let path = archive.path(beside: source.recipe) else { return }
    do {
      try History(path).keep(map, of: recipe)
    } catch {
      ProgressBar.interrupt("warning: \(error); no report shows this map\n")
    }
  }

  private func sizes() throws -> (Int, Int) {
    let parts = size.lowercased().split { "x×".contains($0) }.map { Int($0) }
    guard parts.count == 2, let columns = parts[0], let rows = parts[1], columns > 1, rows > 1
    else {
      throw KeelError(
        .usage, at: "--size \(size)", "is no size of two cells and more each way",
        fix: "write columns and rows: 32x32")
    }
    let (cells, overflow) = columns.multipliedReportingOverflow(by: rows)
    guard !overflow, cells <= Self.mostCells else {
      throw KeelError(
        .usage, at: "--size \(size)", "is more than \(Self.mostCells) cells",
        fix: "ask for fewer: a map of 64x64 shows the edge to a sixtieth of each range")
    }
    return (columns, rows)
  }

  /// Nothing that the map is made of is written over.
  private func check(target: String) throws {
    if let source = source.source { return try source.checkTarget(target, source.read()) }
    guard let study = source.recipe else { return }
    try RecipeOptions.checkTarget(target, apartFrom: [study] + StudyFile.read(study).files)
  }

  /// - Throws: `KeelError` where the recipe has no such number.
  private func check(
    _ axis: MapAxis, _ recipe: Recipe, _ change: (Recipe, MapAxis, Double) throws -> Recipe
  ) throws {
    for value in axis.values {
      do {
        _ = try change(recipe, axis, value)
      } catch var error as KeelError {
        error.fix += "; a map is over two settings that are real numbers"
        error.source = nil
        throw error
      }
    }
  }
}

extension Recipe {
  /// The recipe with another value of a setting of its program.
  /// - Parameter path: `settings.learning-rate`, or its name alone.
  /// - Throws: `KeelError` where it has none of that name.
  fileprivate func settingProgram(_ path: String, to value: Double) throws -> Recipe {
    let name = path.hasPrefix("settings.") ? String(path.dropFirst(9)) : path
    let names = own.value?.entries.map(\.key) ?? []
    guard names.contains(name), let changed = settingOwn([(name, .number(value))]) else {
      throw KeelError(
        .invalid, at: path, "is no setting of the study",
        fix: "name one of: \(names.joined(separator: ", "))")
    }
    return changed
  }
}

/// Counts from several threads.
private final class Counter: Sendable {
  private let value: Mutex<Int>

  init(_ value: Int) { self.value = Mutex(value) }

  var count: Int { value.withLock { $0 } }

  func next() -> Int {
    value.withLock { value in
      value += 1
      return value
    }
  }
}
