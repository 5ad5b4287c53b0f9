import Foundation
import KeelEngine
import KeelRecipes
import KeelTraining

/// Trained networks as safetensors: parameters under their names, recipe and scales in the metadata.
///
/// **References** The format: eight bytes with the header's length, a JSON header, the numbers; see
/// the documentation of Hugging Face's `safetensors`.
public enum ModelFile {
  /// What predicting needs beside the tensors.
  private struct Card: Codable {
    let recipe: Recipe
    let input: [Int]
    let columns: [String]?
    let targets: PreparedData.TargetKind
    let inputScale: Scale?
    let targetScale: Scale?
  }

  private static let key = "keel"

  public static func write(_ network: Network, to path: String) throws {
    let card = Card(
      recipe: network.recipe, input: network.input.axes, columns: network.columns,
      targets: network.targets, inputScale: network.inputScale, targetScale: network.targetScale)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let text = String(decoding: try encoder.encode(card), as: UTF8.self)
    let file = Safetensors(metadata: [key: text], tensors: network.tensors)
    try AtomicFile.write(try file.encoded(), to: path)
  }

  /// - Throws: `KeelError` for a file that is missing, broken, or was not written by Keel.
  public static func read(_ path: String) throws -> Network {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw KeelError(
        .missing, at: path, "is not there", fix: "write one with 'keel train RECIPE --save MODEL'")
    }
    guard !isFolder.boolValue else {
      throw KeelError(.invalid, at: path, "is a folder", fix: "name a model file in it")
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw KeelError(.invalid, at: path, "cannot be read", fix: "check that it is a readable file")
    }
    let file = try Safetensors(data, named: path)
    guard let text = file.metadata[key],
      let card = try? JSONDecoder().decode(Card.self, from: Data(text.utf8))
    else {
      throw KeelError(
        .invalid, at: path, "does not say which recipe it belongs to",
        fix: "use a file written by 'keel train --save'")
    }
    return try Network(
      recipe: card.recipe, tensors: file.tensors, input: Shape(card.input), columns: card.columns,
      targets: card.targets, inputScale: card.inputScale, targetScale: card.targetScale)
  }
}
