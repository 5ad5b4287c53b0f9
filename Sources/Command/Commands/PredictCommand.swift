import ArgumentParser
import Foundation
import Keel
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

  func run() async throws {
    machine.apply()
    let network = try CheckpointFile.read(model).network
    if let tensor = network.nonFiniteTensor {
      throw KeelError(
        .invalid, at: "\(model), \(tensor.name)", "holds a number that is not finite",
        fix: "use a model from before it was lost")
    }
    let rows: NewRows
    if let images = network.recipe.data.ingredient as? IDX {
      rows = try NewRows(idx: data, divide: images.divide)
    } else {
      rows = try NewRows(csv: data, columns: network.columns)
    }
    let outputs = try network.predict(rows.rows)
    let page = PredictPage(network: network, outputs: outputs)
    Terminal.output.write(raw: output.json ? JSON.text(page) : page.text)
  }
}
