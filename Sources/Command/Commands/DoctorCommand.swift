import ArgumentParser
import Foundation
import KeelArchive
import KeelReport

struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Versions, kernels, threads, memory, archive: what a report of a fault needs.")

  @OptionGroup var output: OutputOptions
  @OptionGroup var machine: MachineOptions
  @OptionGroup var archive: ArchiveOptions

  func run() async throws {
    let threads = machine.threads ?? ProcessInfo.processInfo.activeProcessorCount
    output.show(
      DoctorPage(
        version: KeelCommand.configuration.version, threads: threads,
        archive: archive.path(beside: nil).flatMap { DoctorPage.Archive($0) }))
  }
}
