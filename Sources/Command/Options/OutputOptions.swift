import ArgumentParser

/// How the answer is given.
struct OutputOptions: ParsableArguments {
  @Flag(help: "One JSON object on standard output.")
  var json = false

  @Flag(help: "No progress bar.")
  var quiet = false

  var wantsProgress: Bool { !json && !quiet }
}
