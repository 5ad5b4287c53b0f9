import ArgumentParser
import KeelAuthoring
import KeelReport

struct ListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "The catalogue: every name a recipe can use, with its settings.")

  @Argument(help: "One family only, such as layers or optimizers.")
  var family: String?

  @OptionGroup var output: OutputOptions
  @OptionGroup var machine: MachineOptions
  @OptionGroup var archive: ArchiveOptions

  func run() async throws {
    output.show(try CatalogPage(.standard).only(family))
  }
}
