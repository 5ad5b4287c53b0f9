import ArgumentParser
import Foundation
import KeelArchive
import KeelReport
import KeelRunners

/// How the answer is given.
struct OutputOptions: ParsableArguments {
  @Flag(help: "One JSON object on standard output.")
  var json = false

  @Flag(help: "No progress bar.")
  var quiet = false

  /// Shows a page to whom it is for.
  /// - Parameter run: what was kept of it; nil where nothing was.
  func show(_ page: some Page, keptAs run: Recorder? = nil) {
    if json {
      Terminal.output.write(raw: page.json(of: run?.keptID))
    } else {
      Terminal.output.write(page.text)
    }
  }

  /// The same where standard output may be an engine's: people then read it on standard error, and
  /// the engine is told.
  func show(_ page: some Page, to engine: Engine?, keptAs run: Recorder? = nil) {
    guard let engine else { return show(page, keptAs: run) }
    engine.finish(page.json(of: run?.keptID))
    // The program that reads it says how wide it will show it.
    let window = ProcessInfo.processInfo.environment["COLUMNS"].flatMap { Int($0) }
    if !json { Terminal.error.write(page.text, window: window.map { max($0, 20) }) }
  }

  var wantsProgress: Bool { !json && !quiet }
}
