import ArgumentParser
import Keel

struct ListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "The catalogue: every name a recipe can use, with its settings.")

  @Argument(help: "One family only, such as layers or optimizers.")
  var family: String?

  @OptionGroup var output: OutputOptions
  @OptionGroup var machine: MachineOptions

  func run() async throws {
    let page = CatalogPage(.standard)
    let families = page.families.map(\.name)
    if let family, !families.contains(family) {
      throw KeelError(
        .usage, at: family, "is not a family of the catalogue",
        fix: "choose one of: \(families.joined(separator: ", "))")
    }
    let chosen = page.families.filter { family == nil || $0.name == family }
    if output.json {
      let entries = Dictionary(uniqueKeysWithValues: chosen.map { ($0.name, $0.entries) })
      Terminal.output.write(raw: JSON.text(entries))
    } else {
      Terminal.output.write(CatalogPage(families: chosen).text)
    }
  }
}
