import ArgumentParser
import KeelArchive
import KeelAuthoring
import KeelDashboard
import KeelReport

struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Show the runs of an archive in a browser, while they train.")

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
    guard archive.archive != "none" else {
      throw ValidationError("--archive none holds no runs; name a file")
    }
  }

  func run() async throws {
    let path = archive.path(beside: nil) ?? ""
    let dashboard = Dashboard(archive: path, host: host, port: port) { link in
      Terminal.output.write("\(link)\n")
    }
    Terminal.error.write("runs of \(shown(path, limit: 300)); Ctrl-C ends it\n")
    try await interruptible { try await dashboard.run() }
    throw ExitCode(130)
  }
}
