import Foundation
import KeelEngine
import KeelRecipes
import KeelTraining

/// Checkpoints as safetensors: parameters under their names, what goes on with a training beside them,
/// recipe and counters in the metadata.
///
/// A file is replaced whole or not at all, and its metadata hold a CRC-32 of everything else, so that
/// a damaged one is seen. `keel predict` takes the network from it, `keel train --resume` goes on.
///
/// **References** The format: eight bytes with the header's length, a JSON header, the numbers; see
/// the documentation of Hugging Face's `safetensors`.
public enum CheckpointFile {
  /// What stands beside the tensors.
  private struct Card: Codable {
    let recipe: Recipe
    let input: [Int]
    let columns: [String]?
    let targets: PreparedData.TargetKind
    let inputScale: Scale?
    let targetScale: Scale?
    /// Nil for a network alone.
    let progress: Checkpoint.Progress?
  }

  private static let key = "keel"
  private static let infinities = ("Infinity", "-Infinity", "NaN")

  /// - Throws: `KeelError` of kind `.unwritable`; an older file is untouched then.
  public static func write(_ checkpoint: Checkpoint, to path: String) throws {
    let network = checkpoint.network
    let card = Card(
      recipe: network.recipe, input: network.input.axes, columns: network.columns,
      targets: network.targets, inputScale: network.inputScale, targetScale: network.targetScale,
      progress: checkpoint.progress)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: infinities.0, negativeInfinity: infinities.1, nan: infinities.2)
    let text = String(decoding: try encoder.encode(card), as: UTF8.self)
    let file = Safetensors(metadata: [key: text], tensors: checkpoint.tensors)
    try AtomicFile.write(try file.encoded(), to: path)
  }

  /// - Returns: a network alone where the file says nothing of its training, or has no checksum: it
  ///   was then written by another program.
  /// - Throws: `KeelError` for a file that is missing, broken, or does not fit its own recipe.
  public static func read(_ path: String) throws -> Checkpoint {
    let file = try Safetensors(try contents(of: path), named: path)
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: infinities.0, negativeInfinity: infinities.1, nan: infinities.2)
    guard let text = file.metadata[key],
      let card = try? decoder.decode(Card.self, from: Data(text.utf8))
    else {
      throw KeelError(
        .invalid, at: path, "does not say which recipe it belongs to",
        fix: "use a file written by 'keel train --save'")
    }
    let network = try Network(
      recipe: card.recipe, tensors: file.tensors.filter { !Checkpoint.isSeries($0.name) },
      input: Shape(card.input), columns: card.columns, targets: card.targets,
      inputScale: card.inputScale, targetScale: card.targetScale)
    guard let progress = card.progress, file.isChecked else { return Checkpoint(network) }
    return try Checkpoint(
      network, progress, tensors: file.tensors.filter { Checkpoint.isSeries($0.name) })
  }

  private static func contents(of path: String) throws -> Data {
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
    return data
  }
}

extension Checkpointing {
  /// Keeps a run in a file.
  /// - Parameter failed: told of each time it could not be written; the run goes on, and the file
  ///   before is still there.
  public static func file(
    _ path: String, every: Int? = nil, failed: @escaping @Sendable (any Error) -> Void
  ) -> Checkpointing {
    Checkpointing(every: every) { checkpoint in
      do { try CheckpointFile.write(checkpoint, to: path) } catch { failed(error) }
    }
  }
}
