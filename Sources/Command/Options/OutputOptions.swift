import ArgumentParser
import KeelReport

/// How the answer is given.
struct OutputOptions: ParsableArguments {
  @Flag(help: "One JSON object on standard output.")
  var json = false

  @Flag(help: "No progress bar.")
  var quiet = false

  /// Shows a page to whom it is for.
  func show(_ page: some Page) {
    if json { Terminal.output.write(raw: page.json) } else { Terminal.output.write(page.text) }
  }

  var wantsProgress: Bool { !json && !quiet }
}
