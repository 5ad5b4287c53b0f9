import ArgumentParser

/// What is changed in a recipe before it is used.
struct ChangeOptions: ParsableArguments {
  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      "Change a setting, such as optimizer.sgd.learning-rate=0.01; as often as wanted.",
      valueName: "path=value"))
  var settings: [String] = []

  @Option(parsing: .unconditional, help: "The seed, in place of the recipe's.")
  var seed: UInt64?

  /// The same words on a command line.
  var words: [String] {
    settings.flatMap { ["--set", $0] } + (seed.map { ["--seed", String($0)] } ?? [])
  }
}
