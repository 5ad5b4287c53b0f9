import ArgumentParser
import Foundation
import KeelAuthoring
import KeelReport
import KeelArchive

struct PredictCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Use what was trained on new rows.")

  @Argument(help: "A model written by 'keel train --save'.")
  var model: String

  @Argument(help: "A CSV file with the columns of training (others are ignored), or IDX images.")
  var data: String

  @OptionGroup var output: OutputOptions
  @OptionGroup var machine: MachineOptions
  @OptionGroup var archive: ArchiveOptions

  func run() async throws {
    machine.apply()
    let network = try CheckpointFile.read(model).network
    if let tensor = network.lostTensor {
      throw KeelError(
        .invalid, at: "\(model), \(tensor.name)", "holds a number that no training leaves there",
        fix: "use a model from before it was lost")
    }
    let rows: NewRows
    if let images = network.recipe.data.ingredient as? IDX {
      rows = try NewRows(idx: data, divide: images.divide)
    } else {
      rows = try NewRows(csv: data, columns: network.columns)
    }
    let outputs = try network.predict(rows.rows)
    let lost = outputs.count { !$0.allSatisfy(\.isFinite) }
    if lost > 0 {
      Terminal.error.write(
        "warning: \(lost) of \(outputs.count) rows overflow in the network: their outputs are no numbers\n"
      )
    }
    let page = PredictPage(network: network, outputs: outputs)
    Terminal.output.write(raw: output.json ? page.json : page.text)
  }
}
