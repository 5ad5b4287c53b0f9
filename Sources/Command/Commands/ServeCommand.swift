import ArgumentParser
import Foundation
import KeelArchive
import KeelAuthoring
import KeelDashboard
import KeelReport

struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Show the runs of an archive in a browser, while they train.")

  @OptionGroup var output: OutputOptions
  @OptionGroup var archive: ArchiveOptions

  @Option(
    help: ArgumentHelp(
      "Be heard on this address of the machine, by whoever has the link that is printed; if not given, by this machine alone.",
      valueName: "address"))
  var host: String?

  @Option(help: ArgumentHelp("The port; 0 for any that is free.", valueName: "number"))
  var port = 5335

  func validate() throws {
    guard (0...65535).contains(port) else {
      throw ValidationError("--port takes a number from 0 to 65535")
    }
    guard archive.archive != "none", archive.archive != "" else {
      throw ValidationError("--archive takes a file: 'none' holds no runs")
    }
    guard host != "" else { throw ValidationError("--host takes an address of this machine") }
  }

  func run() async throws {
    let path = archive.path(beside: nil) ?? ""
    // What is no archive now will be none later; one that is not there yet may come.
    if FileManager.default.fileExists(atPath: path) { _ = try History(path, create: false) }
    let isJSON = output.json
    let dashboard = Dashboard(archive: path, host: host, port: port) { link in
      if isJSON {
        Terminal.output.write(raw: JSON.text(["link": link]))
      } else {
        Terminal.output.write("\(link)\n")
      }
    }
    if output.wantsProgress {
      Terminal.error.write("runs of \(shown(path, limit: 300)); Ctrl-C ends it\n")
    }
    try await interruptible { try await dashboard.run() }
    throw ExitCode(130)
  }
}
