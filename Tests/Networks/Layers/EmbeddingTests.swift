import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import Testing

@Suite struct EmbeddingTests {
  @Test(arguments: SequenceVector.of("embedding")) func agreesWithPyTorch(_ vector: SequenceVector)
    throws
  {
    try vector.check()
  }

  @Test func vectorsAreThere() { #expect(SequenceVector.of("embedding").count == 4) }

  @Test(arguments: GradientTests.losses, [false, true])
  func gradients(loss: Named<Choice<Losses>>, positions: Bool) throws {
    let model: [Choice<Layers>] = [
      .embedding(6, 4, positions: positions), .dense(3, activation: .tanh), .flatten,
    ]
    let check = GradientCheck(
      name: "embedding", model: model + Network.head(for: loss.value), row: [5], loss: loss.value,
      seed: 23, tokens: 6)
    _ = try check.run()
  }

  /// A token the batch does not hold has no gradient.
  @Test func absentTokensHaveNoGradient() throws {
    let harness = try Harness(recipe([.embedding(4, 2)]), row: [3], rows: 1)
    harness.inputs = [1, 3, 1]
    harness.forward()
    harness.outputGradient = [1, 2, 3, 4, 5, 6]
    harness.backward()
    #expect(harness.gradient("embedding-1.weight") == [0, 0, 6, 8, 0, 0, 3, 4])
  }

  /// What is not in the table is neither read nor written: NaN, and counted. Nothing crashes.
  @Test(arguments: [Float(4), -1, 0.5, .nan, .infinity, -.infinity, 1e30, 16_777_217])
  func idsOutsideTheTable(id: Float) throws {
    let harness = try Harness(recipe([.embedding(4, 2, positions: true)]), row: [3], rows: 1)
    harness.inputs = [1, id, 2]
    #expect(!harness.forward())
    let output = harness.outputs
    #expect(output[2...3].allSatisfy { $0.isNaN })
    #expect((output[0...1] + output[4...5]).allSatisfy { $0.isFinite })
    #expect(harness.operation("embedding-1").kernel.origin(harness.pass) == .input)
    harness.outputGradient = [1, 1, 1, 1, 1, 1]
    #expect(harness.backward())
    #expect(harness.gradient("embedding-1.weight") == [0, 0, 1, 1, 1, 1, 0, 0])
  }

  /// Filled as matrices of their shapes, by whatever initializer the recipe has.
  @Test(arguments: [
    Choice<Initializers>.xavier(), .he(), .lecun(.uniform), .normal(std: 0.02), .orthogonal(),
    .identity, .zeros,
  ]) func begins(initializer: Choice<Initializers>) throws {
    var recipe = recipe([.embedding(300, 40, positions: true), .dense(2)])
    recipe.initializer = initializer
    let harness = try Harness(recipe, row: [50], rows: 1)
    for (name, rows) in [("weight", 300), ("positions", 50)] {
      let values = harness[harness.parameter("embedding-1.\(name)").buffer]
      let std = initializer.member.std(Fan(input: 40, output: rows))
      #expect(abs(norm(values) / Double(values.count).squareRoot() - std) < 0.05 * std + 1e-9)
    }
  }

  @Test func rowsThatDoNotFit() {
    #expect(
      refusal([.embedding(4, 2)], row: [2, 3])
        == "model[0].embedding: takes a row of token ids [time], and is given [2 × 3]; "
        + "give input: [6], or put 'flatten' before it")
    #expect(
      refusal([.dense(3), .embedding(4, 2)], row: [5])
        == "model[1].embedding: takes token ids, which no layer computes, and is given [3] by the "
        + "one before; make it the first layer")
    #expect(refusal([.flatten, .embedding(4, 2)], row: [2, 3]) == "planned")
  }

  /// Tables that no machine holds are refused before memory is asked for.
  @Test func absurdSizes() {
    let message = refusal([.embedding(1 << 24, 1 << 40)], row: [2])
    #expect(message.hasPrefix("model[0].embedding: embedding-1.weight, 16777216 × 1099511627776"))
    #expect(refusal([.embedding(1 << 24, .max)], row: [2]).contains("embedding-1.weight"))
  }
}
