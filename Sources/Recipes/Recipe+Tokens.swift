import KeelData
import KeelEngine
import KeelNetworks

extension Recipe {
  /// How many tokens the model knows, where its inputs are their ids; nil where they are numbers.
  package var vocabulary: Int? {
    leaves.compactMap { ($0.ingredient as? Embedding)?.tokens }.min()
  }

  /// Refuses inputs that the model's embedding could not look up.
  /// - Throws: `KeelError` with the row, and the id beside the number of tokens.
  func checkTokens(_ parts: DataSplit) throws {
    guard let vocabulary else { return }
    guard !standardize.includesInputs else {
      throw KeelError(
        .invalid, at: "standardize", "the inputs are token ids, which have no scale",
        fix: "write standardize: \(standardize == .both ? "targets" : "none")")
    }
    for examples in [parts.train] + (parts.test.map { [$0] } ?? []) {
      try checkTokens(examples.inputs, width: examples.shape.count, vocabulary) {
        examples.place(ofRow: $0)
      }
    }
  }

  /// The same of rows that have no targets, such as those of a prediction.
  package func checkTokens(_ rows: [[Float]]) throws {
    guard let vocabulary else { return }
    for (index, row) in rows.enumerated() {
      try checkTokens(row, width: row.count, vocabulary) { _ in "row \(index)" }
    }
  }

  private func checkTokens(
    _ ids: [Float], width: Int, _ tokens: Int, place: (Int) -> String
  ) throws {
    let limit = Float(tokens)
    func isToken(_ id: Float) -> Bool { id >= 0 && id < limit && id == id.rounded() }
    guard let index = ids.firstIndex(where: { !isToken($0) }) else { return }
    let id = ids[index]
    let isWhole = id.isFinite && id == id.rounded()
    let largest = ids.filter { $0.isFinite }.max() ?? 0
    let canGrow = isWhole && id >= 0 && Double(largest) < Embedding.tokenLimits.maximum
    let shown = isWhole && abs(id) < 0x1p53 ? String(Int(id)) : "\(id)"
    throw KeelError(
      .invalid, at: place(index / width),
      "the token id at place \(index % width) is \(shown), the embedding has \(tokens) "
        + "\(tokens == 1 ? "token, id 0" : "tokens, ids 0 to \(tokens - 1)")",
      fix: canGrow
        ? "give the embedding at least \(Int(largest) + 1) tokens"
        : "write ids as whole numbers from 0 to \(tokens - 1)")
  }
}
