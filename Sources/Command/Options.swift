import ArgumentParser
import Foundation
import Keel
import KeelArchive
import Synchronization

/// Which recipe, and what is changed in it.
struct RecipeOptions: ParsableArguments {
  @Argument(help: "A recipe file (YAML).")
  var recipe: String

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      "Change a setting, such as optimizer.sgd.learning-rate=0.01; as often as wanted.",
      valueName: "path=value"))
  var changes: [String] = []

  @Option(help: "The seed, in place of the recipe's.")
  var seed: UInt64?

  func read() throws -> Recipe {
    var recipe = try Self.read(self.recipe, setting: changes)
    if let seed { recipe.seed = seed }
    recipe.folder.line = line
    return recipe
  }

  /// Reads a recipe; says so where it is waited for.
  static func read(_ path: String, setting changes: [String]) throws -> Recipe {
    try RecipeFile.read(path, setting: changes) {
      Terminal.error.write("waiting for a recipe to come through \(path)\n")
    }
  }

  /// Checks, before any work, that a file can be written and is not what the work is about.
  func checkTarget(_ path: String, _ recipe: Recipe) throws {
    func resolved(_ path: String) -> String {
      URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    }
    if ([self.recipe] + recipe.files).map(resolved).contains(resolved(path)) {
      throw KeelError(
        .usage, at: path, "is the recipe, or a file it trains on", fix: "write to another file")
    }
    try AtomicFile.check(path)
  }

  /// The same choice on a command line, for what to type next.
  var line: String {
    let words =
      [recipe] + changes.flatMap { ["--set", $0] } + (seed.map { ["--seed", String($0)] } ?? [])
    return words.map(Self.quoted).joined(separator: " ")
  }

  static func quoted(_ word: String) -> String {
    let isPlain = word.allSatisfy { $0.isLetter || $0.isNumber || "-_./=:,+".contains($0) }
    return isPlain && !word.isEmpty
      ? word : "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'"
  }
}

/// How the answer is given.
struct OutputOptions: ParsableArguments {
  @Flag(help: "One JSON object on standard output.")
  var json = false

  @Flag(help: "No progress bar.")
  var quiet = false

  var wantsProgress: Bool { !json && !quiet }
}

/// How much of the machine is used.
struct MachineOptions: ParsableArguments {
  @Option(help: "Threads for matrix products; all cores if not given.")
  var threads: Int?

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads takes a number from 1 to 1024")
    }
  }

  func apply() {
    MatrixProducts.use(threads: threads ?? ProcessInfo.processInfo.activeProcessorCount)
  }
}

/// Runs work that Ctrl-C, a scheduler's SIGTERM, or the end of a terminal (SIGHUP) cancels at its
/// next step; a second one ends the process at once.
///
/// Who has the end of the terminal ignored (`nohup`) is not stopped by it.
func interruptible<Result: Sendable>(
  _ work: @escaping @Sendable () async throws -> Result
) async throws -> Result {
  let task = Task { try await work() }
  let numbers = [SIGINT, SIGTERM] + (isIgnored(SIGHUP) ? [] : [SIGHUP])
  let sources = numbers.map { number in
    signal(number, SIG_IGN)
    return DispatchSource.makeSignalSource(signal: number, queue: .global())
  }
  // Some senders deliver one wish twice, to the process and to its group: only what comes half a
  // second later is a second wish.
  let first = Mutex<ContinuousClock.Instant?>(nil)
  let stop: @Sendable () -> Void = {
    let isSecond = first.withLock { first in
      defer { first = first ?? .now }
      return first.map { ContinuousClock.now - $0 > .milliseconds(500) } ?? false
    }
    if isSecond { _exit(130) }
    task.cancel()
  }
  for source in sources {
    source.setEventHandler(handler: stop)
    source.resume()
  }
  defer {
    for source in sources { source.cancel() }
    for number in numbers { signal(number, SIG_DFL) }
  }
  return try await task.value
}

private func isIgnored(_ number: Int32) -> Bool {
  let before = signal(number, SIG_IGN)
  signal(number, before)
  return unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
}
