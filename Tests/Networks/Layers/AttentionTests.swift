import Foundation
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import Testing

@Suite struct AttentionTests {
  @Test(arguments: SequenceVector.of("attention")) func agreesWithPyTorch(_ vector: SequenceVector)
    throws
  {
    try vector.check()
  }

  @Test func vectorsAreThere() { #expect(SequenceVector.of("attention").count == 12) }

  /// Every setting: heads, causal, normalize as bits.
  static let settings: [Named<Choice<Layers>>] = [1, 2, 4].flatMap { heads in
    (0..<4).map { bits in
      let choice: Choice<Layers> = .attention(
        heads: heads, causal: bits & 1 != 0, normalize: bits & 2 != 0)
      return Named(testDescription: "\(heads) heads, \(bits)", value: choice)
    }
  }

  @Test(arguments: settings) func gradients(attention: Named<Choice<Layers>>) throws {
    let loss: Choice<Losses> = .softmaxCrossEntropy
    let arrangements: [[Choice<Layers>]] = [
      [attention.value, .flatten],
      [.dense(8), .residual([.layerNorm(), attention.value]), .flatten],
      [.dense(8), attention.value, .rmsNorm(), attention.value, .flatten],
    ]
    for (index, model) in arrangements.enumerated() {
      let check = GradientCheck(
        name: "attention \(index)", model: model + Network.head(for: loss), row: [3, 8],
        loss: loss, seed: UInt64(40 + index))
      let tally = try check.run()
      #expect(tally.rejected * 10 <= tally.points, "too many kinks: \(tally)")
    }
  }

  /// A whole block of a transformer, under every loss.
  @Test(arguments: GradientTests.losses) func transformer(loss: Named<Choice<Losses>>) throws {
    let block: [Choice<Layers>] = [
      .residual([.layerNorm(), .attention(heads: 2, causal: true, normalize: true)]),
      .residual([.rmsNorm(), .dense(6, activation: .gelu), .dense(4)]),
    ]
    let model: [Choice<Layers>] = [.embedding(5, 4, positions: true), .repeat(2, block), .flatten]
    let check = GradientCheck(
      name: "transformer", model: model + Network.head(for: loss.value), row: [3],
      loss: loss.value, seed: 31, tokens: 5)
    _ = try check.run()
  }

  /// A class at every position, as language models have it.
  @Test(arguments: [Choice<Losses>.softmaxCrossEntropy, .crossEntropy])
  func languageModel(loss: Choice<Losses>) throws {
    let model: [Choice<Layers>] = [
      .embedding(5, 4, positions: true),
      .residual([.layerNorm(), .attention(heads: 2, causal: true)]), .layerNorm(),
    ]
    let check = GradientCheck(
      name: "language model", model: model + Network.head(for: loss), row: [3], loss: loss,
      seed: 33, tokens: 5)
    _ = try check.run()
  }

  /// A causal output does not hang on what comes later.
  @Test func causalDoesNotLookAhead() throws {
    let harness = try Harness(
      recipe([.attention(heads: 2, causal: true)]), row: [4, 6], rows: 2)
    var dice = Dice(seed: 9)
    harness.inputs = dice.normals(48)
    harness.forward()
    let before = harness.outputs
    for i in 12..<24 { harness.inputs[i] += 3 }
    harness.forward()
    let after = harness.outputs
    #expect(Array(after[..<12]) == Array(before[..<12]) && after[12..<24] != before[12..<24])
    #expect(Array(after[24...]) == Array(before[24...]), "rows are apart")
  }

  /// Without positions and mask, the order of times changes nothing but the order of outputs.
  @Test func isEquivariant() throws {
    let harness = try Harness(recipe([.attention(heads: 3)]), row: [4, 6], rows: 1)
    var dice = Dice(seed: 10)
    let start = dice.normals(24)
    harness.inputs = start
    harness.forward()
    let before = harness.outputs.map(Double.init)
    func swapped<T>(_ values: [T]) -> [T] { Array(values[12...] + values[..<12]) }
    harness.inputs = swapped(start)
    harness.forward()
    #expect(relativeError(harness.outputs, swapped(before)) < 1e-5, "seed 10")
  }

  /// A softmax could make a number of an infinite score: it looks.
  @Test(arguments: [Float.nan, .infinity, -.infinity, 1e30], [false, true])
  func seesNonFinite(value: Float, normalize: Bool) throws {
    for causal in [false, true] {
      let harness = try Harness(
        recipe([.attention(heads: 2, causal: causal, normalize: normalize)]), row: [3, 4], rows: 2)
      var dice = Dice(seed: 11)
      harness.inputs = dice.normals(24)
      #expect(harness.forward())
      let finite = harness.inputs
      harness.inputs[9] = value
      let isFinite = harness.forward()
      // Squares of 1e30 do not fit; normalised, they need not.
      #expect(isFinite == (normalize && value.isFinite))
      harness.inputs = finite
      harness.forward()
      harness.outputGradient = (0..<24).map { $0 == 5 ? value : 1 }
      #expect(harness.backward() == value.isFinite)
    }
  }

  /// No score is larger than √d: no key is ever more than e^(2√d) times as heavy as another.
  @Test func normalizedScoresAreBounded() throws {
    let harness = try Harness(
      recipe([.attention(heads: 1, normalize: true)]), row: [3, 4], rows: 1)
    harness.inputs = [1e6, 0, 0, 0, 0, -1e6, 0, 0, 0, 0, 1e6, 0]
    harness.forward()
    let values = harness[harness.parameter("attention-1.weight").buffer]
    #expect(harness.outputs.allSatisfy { $0.isFinite } && values.count == 48)
    harness.outputGradient = [Float](repeating: 1, count: 12)
    #expect(harness.backward())
  }

  /// Each of the four matrices as if it stood alone; gains 1, biases 0.
  @Test func begins() throws {
    var recipe = recipe([.attention(heads: 4, normalize: true)])
    recipe.initializer = .orthogonal()
    let harness = try Harness(recipe, row: [2, 8], rows: 1)
    let weight = harness[harness.parameter("attention-1.weight").buffer]
    for part in 0..<3 {
      for (a, b) in [(0, 0), (0, 1), (2, 5)] {
        let product = (0..<8).reduce(Float(0)) {
          $0 + weight[part * 64 + a * 8 + $1] * weight[part * 64 + b * 8 + $1]
        }
        #expect(abs(product - (a == b ? 1 : 0)) < 1e-5)
      }
    }
    #expect(harness[harness.parameter("attention-1.query-gain").buffer] == [1, 1])
    #expect(harness[harness.parameter("attention-1.bias").buffer].allSatisfy { $0 == 0 })
    #expect(
      harness.plan.parameters.map(\.name) == [
        "attention-1.weight", "attention-1.bias", "attention-1.output-weight",
        "attention-1.output-bias", "attention-1.query-gain", "attention-1.key-gain",
      ])
  }

  /// The reference is Xavier for each of them.
  @Test func referencePoint() throws {
    var recipe = recipe([.embedding(10, 32), .attention(heads: 4), .dense(10)])
    recipe.initializer = .normal(std: 3)
    let harness = try Harness(recipe.referencePoint, row: [4], rows: 1)
    for name in ["attention-1.weight", "attention-1.output-weight"] {
      let values = harness[harness.parameter(name).buffer]
      let rms = norm(values) / Double(values.count).squareRoot()
      #expect(abs(rms * 32.0.squareRoot() - 1) < 0.1, "\(name)")
    }
    let values = harness[harness.parameter("embedding-1.weight").buffer]
    #expect(abs(norm(values) / 320.0.squareRoot() / (2.0 / 42).squareRoot() - 1) < 0.2)
  }

  @Test func rowsThatDoNotFit() {
    #expect(
      refusal([.attention(heads: 4)], row: [5, 6])
        == "model[0].attention: 4 heads do not divide the 6 units of [5 × 6]; "
        + "use a number of heads that divides 6")
    #expect(
      refusal([.dense(6), .attention(heads: 2)], row: [5])
        == "model[1].attention: takes a sequence [time, units], and is given [6]; "
        + "put 'embedding' before it, or give input: [time, 6] of that product")
    #expect(
      refusal([.attention(heads: 2)], row: [2, 3, 4])
        == "model[0].attention: takes a sequence [time, units], and is given [2 × 3 × 4]; "
        + "put 'embedding' before it, or give input: [time, 4] of that product")
    #expect(refusal([.attention(heads: .max)], row: [2, 4]).contains("do not divide"))
  }

  /// Scores grow with the square of the time: refused before memory is asked for.
  @Test func absurdTime() {
    let message = refusal([.embedding(2, 4), .attention()], row: [10_000_000])
    #expect(
      message.hasPrefix("model[1].attention: the scratch of attention-1, needs "), "\(message)")
  }
}
