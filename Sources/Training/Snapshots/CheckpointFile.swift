import Foundation
import KeelData
import KeelEngine
import KeelRecipes
import KeelSettings
import Synchronization

/// Checkpoints as safetensors: parameters under their names, what goes on with a training beside
/// them, recipe and counters in the metadata.
///
/// A file is replaced whole or not at all, and its metadata hold a CRC-32 of everything else, so
/// that a damaged one is seen. `keel predict` takes the network from it, `keel train --resume` goes
/// on.
public enum CheckpointFile {
  /// What stands beside the tensors.
  fileprivate struct Card: Codable {
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

  /// - Parameter catalog: where the names in the recipe are looked up: the standard one, and what
  ///   was your own when the file was written.
  /// - Returns: a network alone where the file says nothing of its training, or has no checksum: it
  ///   was then written by another program.
  /// - Throws: `KeelError` for a file that is missing, broken, or does not fit its own recipe. It
  ///   is seen before the numbers are read where what the file says of itself shows it.
  public static func read(_ path: String, catalog: Catalog = .standard) throws -> Checkpoint {
    let header = try SafetensorsHeader(path)
    let card = try card(header, path, catalog)
    try card.check(
      header.entries.filter { !Checkpoint.isSeries($0.name) }.map { ($0.name, $0.shape) })
    let file = try Safetensors(header)
    let network = try NeuralNetwork(
      recipe: card.recipe, tensors: file.tensors.filter { !Checkpoint.isSeries($0.name) },
      input: Shape(card.input), columns: card.columns, targets: card.targets,
      inputScale: card.inputScale, targetScale: card.targetScale)
    guard let progress = card.progress, file.isChecked else { return Checkpoint(network) }
    return try Checkpoint(
      network, progress, tensors: file.tensors.filter { Checkpoint.isSeries($0.name) })
  }

  private static func card(_ file: SafetensorsHeader, _ path: String, _ catalog: Catalog) throws
    -> Card
  {
    let decoder = JSONDecoder()
    decoder.userInfo[Catalog.key] = catalog
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: infinities.0, negativeInfinity: infinities.1, nan: infinities.2)
    let fix = "use a file written by 'keel train --save'"
    guard let text = file.metadata[key] else {
      throw KeelError(.invalid, at: path, "does not say which recipe it belongs to", fix: fix)
    }
    do {
      return try decoder.decode(Card.self, from: Data(text.utf8))
    } catch var error as KeelError {
      error.place = "\(path), recipe: \(error.place)"
      // No person has written it: a name that is not known is no slip.
      var names: [String] = []
      for name in error.unknownNames where !names.contains(name) { names.append(name) }
      if !names.isEmpty {
        error.fix =
          "\(names.joined(separator: ", ")): somebody's own, or a newer keel's; read the file where "
          + "they are known, with CheckpointFile.read(path, catalog: .standard + [ItsType.self])"
      }
      throw error
    } catch let DecodingError.keyNotFound(key, _) {
      throw KeelError(
        .invalid, at: path, "says nothing of its \(key.stringValue)", fix: fix)
    } catch let DecodingError.typeMismatch(_, context) {
      throw KeelError(
        .invalid, at: "\(path), \(context.codingPath.map(\.stringValue).joined(separator: "."))",
        "is not what stands there in a model", fix: fix)
    } catch {
      throw KeelError(.invalid, at: path, "describes itself in a way no model does", fix: fix)
    }
  }
}

extension CheckpointFile.Card {
  /// Every number is looked at where it is read.
  /// - Parameter tensors: names and shapes of those of the network.
  /// - Throws: `KeelError` with the field.
  fileprivate func check(_ tensors: [(String, Shape)]) throws {
    func refuse(_ field: String, _ what: String) -> KeelError {
      KeelError(
        .invalid, at: field, what, fix: "use a file as it was written by 'keel train --save'")
    }
    guard input.allSatisfy({ $0 >= 1 }), Shape(input).count < .max else {
      throw refuse("input", "\(input) is not the shape of a row")
    }
    if let columns, Set(columns).count < columns.count {
      throw refuse("columns", "has a name twice")
    }
    guard targets.columns >= 1, targets.positions >= 1 else {
      throw refuse("targets", "\(targets.columns) columns at \(targets.positions) positions")
    }
    for (field, scale) in [("inputScale", inputScale), ("targetScale", targetScale)] {
      guard let scale else { continue }
      guard scale.mean.allSatisfy(\.isFinite),
        scale.std.allSatisfy({ $0 >= 0 && $0.isFinite })
      else { throw refuse(field, "has a mean or a deviation that no column has") }
    }
    let standardize = recipe.standardize
    guard standardize.includesInputs == (inputScale != nil),
      standardize.includesTargets == (targetScale != nil)
    else {
      throw refuse("standardize", "the recipe says \(standardize.rawValue), the scales do not")
    }
    try progress?.check()
    try NeuralNetwork.check(tensors, recipe: recipe, input: Shape(input))
  }
}

extension CheckpointPolicy {
  /// Keeps a run in a file.
  /// - Parameter failed: told of each time it could not be written; the run goes on, and the file
  ///   before is still there.
  public static func file(
    _ path: String, every: Int? = nil, failed: @escaping @Sendable (any Error) -> Void
  ) -> CheckpointPolicy {
    // Of two runs that keep themselves in one file, one would be lost: it is this one's alone from
    // now on, or from when it is free.
    let lock = Mutex(try? FileLock(path))
    return CheckpointPolicy(every: every, fail: failed) { checkpoint in
      do {
        try lock.withLock { lock in
          if lock == nil { lock = try FileLock(path) }
        }
        try CheckpointFile.write(checkpoint, to: path)
      } catch {
        failed(error)
      }
    }
  }
}
