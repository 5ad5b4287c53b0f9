import KeelData
import KeelEngine
import KeelRecipes
import KeelTraining
import Testing

/// Token ids that no embedding could look up: refused when data are prepared, not in a kernel.
struct TokenTests {
  private func recipe(tokens: Int = 65, standardize: Recipe.Standardize = .none) -> Recipe {
    Recipe(
      data: .spirals(), standardize: standardize,
      model: [.embedding(tokens, 4), .attention(), .flatten, .dense(2)],
      loss: .softmaxCrossEntropy, optimizer: .sgd(), training: .init(epochs: 1, batch: 2))
  }

  private func message(_ recipe: Recipe, _ rows: [[Float]]) -> String {
    do {
      let classes = rows.indices.map { $0 % 2 }
      _ = try Trainer(Problem(recipe, train: Examples(inputs: rows, classes: classes)))
      return "trained"
    } catch { return "\(error)" }
  }

  @Test func outsideTheVocabulary() {
    #expect(
      message(recipe(), [[0, 1, 2], [3, 65, 4]])
        == "data, row 2: the token id at place 1 is 65, the embedding has 65 tokens, ids 0 to 64; "
        + "give the embedding at least 66 tokens")
    #expect(
      message(recipe(tokens: 1), [[0, 0], [0, 9]])
        == "data, row 2: the token id at place 1 is 9, the embedding has 1 token, id 0; "
        + "give the embedding at least 10 tokens")
    #expect(message(recipe(), [[0, 1, 2], [3, 64, 4]]) == "trained")
  }

  @Test(arguments: [
    (Float(0.5), "0.5"), (-1, "-1"), (.nan, "nan"), (.infinity, "inf"), (1e30, "1e+30"),
  ]) func noIds(id: Float, shown: String) {
    #expect(
      message(recipe(), [[id, 1], [0, 1]])
        == "data, row 1: the token id at place 0 is \(shown), the embedding has 65 tokens, "
        + "ids 0 to 64; write ids as whole numbers from 0 to 64")
  }

  /// The test part is counted on from the training part.
  @Test func testPart() throws {
    let examples = try Examples(inputs: [[0, 1], [2, 3], [4, 70]], classes: [0, 1, 0])
    let parts = try TestPart.count(1).split(examples, at: "data")
    let error = #expect(throws: KeelError.self) { _ = try Trainer(Problem(recipe(), rows: parts)) }
    #expect(error?.place == "data, row 3" && error?.kind == .invalid)
  }

  @Test func idsHaveNoScale() {
    #expect(
      message(recipe(standardize: .inputs), [[0, 1], [1, 0]])
        == "standardize: the inputs are token ids, which have no scale; write standardize: none")
    #expect(
      message(recipe(standardize: .both), [[0, 1], [1, 0]]).hasSuffix("standardize: targets"))
  }

  /// Sequences of unequal length are ragged rows; there is nothing else they could be.
  @Test func unequalLengths() {
    #expect(
      message(recipe(), [[0, 1, 2], [3, 4]])
        == "inputs[1]: has 2 columns, row 0 has 3; give every row the same columns")
  }

  /// The same for rows that a trained network is given.
  @Test func prediction() throws {
    let examples = try Examples(inputs: [[0, 1], [2, 3]], classes: [0, 1])
    let trainer = try Trainer(Problem(recipe(), train: examples))
    _ = trainer.train()
    let network = try trainer.network()
    #expect(try network.predict([[0, 64]]).count == 1)
    let error = #expect(throws: KeelError.self) { try network.predict([[0, 1], [0, 65]]) }
    #expect(
      error?.description
        == "row 1: the token id at place 1 is 65, the embedding has 65 tokens, ids 0 to 64; "
        + "give the embedding at least 66 tokens")
  }
}
