import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import Testing

/// One network with random parameters and one random batch, in the engine and in the twin.
struct GradientCheck {
  let name: String
  let model: [Choice<Layers>]
  let row: [Int]
  let loss: Choice<Losses>
  let seed: UInt64
  /// A factor on the weights.
  var scale = 0.8
  /// Of the engine's gradients, relative, tensor by tensor.
  var tolerance = 1e-4
  /// Where inputs are token ids: how many there are.
  var tokens: Int?

  static let rows = 5
  /// Coordinates of each parameter that are compared with differences.
  static let coordinates = 8

  /// Compares, and records an issue for every difference.
  func run() throws -> Tally {
    let (harness, result) = try compute()
    let worst = worst(harness, result)
    #expect(worst.error < tolerance, "\(name), seed \(seed): \(worst.name)")
    let loss = harness.loss().sum
    let expected = lossAtOutputs(harness).loss
    #expect(abs(loss - expected) <= 1e-5 * abs(expected) + 1e-6, "\(name), seed \(seed): loss")
    return try compareWithDifferences(harness, result)
  }

  /// The engine after a backward pass, and what the twin makes of the same numbers.
  func compute() throws -> (Harness, Twin.Result) {
    let recipe = Recipe(
      seed: seed, data: .spirals(), model: model, loss: loss, optimizer: .sgd(),
      training: .init(epochs: 1, batch: Self.rows))
    let harness = try Harness(recipe, row: row, rows: Self.rows)
    var dice = Dice(seed: seed)
    harness.inputs =
      tokens.map { count in
        harness.inputs.map { _ in Float(Int.random(in: 0..<count, using: &dice)) }
      }
      ?? dice.normals(harness.inputs.count)
    harness.targets = targets(harness.plan.output.shape, &dice)
    for parameter in harness.plan.parameters {
      harness[parameter.buffer] = values(of: parameter, &dice)
    }
    harness.forward()
    _ = harness.loss()
    harness.backward()
    let result = try twin(harness).run(
      harness.parameters, inputs: inputs(harness), targets: targets(harness))
    return (harness, result)
  }

  /// The twin's loss of the engine's own outputs: 1 − p of a probability near 1 has few digits in
  /// float32, and the loss can be no better than its input.
  private func lossAtOutputs(_ harness: Harness) -> (loss: Double, gradient: [Double]) {
    twinLoss(
      loss.member, outputs: harness.outputs.map(Double.init),
      targets: harness.targets.map(Double.init),
      rows: harness.rows * harness.plan.output.shape.leading)
  }

  private func twin(_ harness: Harness) throws -> Twin {
    let dropouts = harness.layers.filter { $0.hasPrefix("dropout") }
    let masks = try dropouts.map { ($0, try copy(harness).mask(of: $0).map(Double.init)) }
    return Twin(harness.recipe, row: row, masks: Dictionary(uniqueKeysWithValues: masks))
  }

  /// Another harness of the same recipe, whose signals may be overwritten.
  private func copy(_ harness: Harness) throws -> Harness {
    try Harness(harness.recipe, row: row, rows: harness.rows)
  }

  private func values(of parameter: Parameter, _ dice: inout Dice) -> [Float] {
    let count = parameter.shape.count
    switch parameter.role {
    case .weight:
      return dice.normals(count, std: scale / Double(parameter.shape.last).squareRoot())
    case .bias: return dice.normals(count, std: 0.3)
    case .scale: return (0..<count).map { _ in Float(dice.uniform(0.2, 1.2)) }
    }
  }

  private func targets(_ output: Shape, _ dice: inout Dice) -> [Float] {
    let columns = output.last
    return (0..<Self.rows * output.leading).flatMap { row -> [Float] in
      switch loss.name {
      case "softmax-cross-entropy", "cross-entropy":
        // One-hot rows, and rows that share their mass.
        let shares = (0..<columns).map { column in
          row % 2 == 0 ? (column == row % columns ? 1 : 0) : Float(column + 1)
        }
        let sum = shares.reduce(0, +)
        return shares.map { $0 / sum }
      case "sigmoid-cross-entropy", "binary-cross-entropy":
        return (0..<columns).map { row % 2 == 0 ? Float(($0 + row / 2) % 2) : Float($0) / 4 }
      default: return dice.normals(columns)
      }
    }
  }

  private func inputs(_ harness: Harness) -> [[Double]] {
    split(harness.inputs, harness.plan.input.shape.count)
  }

  private func targets(_ harness: Harness) -> [[Double]] {
    split(harness.targets, harness.plan.output.shape.count)
  }

  private func split(_ values: [Float], _ columns: Int) -> [[Double]] {
    (0..<values.count / columns).map { row in
      values[row * columns..<(row + 1) * columns].map(Double.init)
    }
  }

  /// The tensor whose gradient is furthest from the twin's, relative to its own norm, or to a
  /// thousandth of all parameters' where its own is nothing but rounding.
  func worst(_ harness: Harness, _ result: Twin.Result) -> (name: String, error: Double) {
    let floor = 1e-3 * norm(result.parameterGradients.values.flatMap { $0 })
    var errors: [(name: String, error: Double)] = []
    for parameter in harness.plan.parameters {
      let expected = result.parameterGradients[parameter.name]!
      errors.append(
        (parameter.name, relativeError(harness.gradient(parameter.name), expected, floor: floor)))
    }
    let signals = result.outputGradients.values.map { norm($0) }.max()!
    for layer in result.layers {
      let isLast = harness.operation(layer).output.value == harness.plan.output.value
      let expected = isLast ? lossAtOutputs(harness).gradient : result.outputGradients[layer]!
      let gradient = relativeError(
        harness.gradient(of: layer), expected, floor: 1e-3 * signals)
      errors.append(("gradient of \(layer)", gradient))
      errors.append(
        ("output of \(layer)", relativeError(harness.output(of: layer), result.outputs[layer]!)))
    }
    return errors.max { $0.error < $1.error || $1.error.isNaN }!
  }

  /// The twin's gradient against central differences with two steps; where those disagree there is
  /// a kink between, and the point is rejected.
  private func compareWithDifferences(_ harness: Harness, _ result: Twin.Result) throws -> Tally {
    let twin = try self.twin(harness)
    let (inputs, targets, start) = (inputs(harness), targets(harness), harness.parameters)
    var tally = Tally()
    var dice = Dice(seed: seed)
    for (name, gradient) in result.parameterGradients.sorted(by: { $0.key < $1.key }) {
      let size = gradient.map(abs).max()!
      for _ in 0..<min(Self.coordinates, gradient.count) {
        let index = Int.random(in: gradient.indices, using: &dice)
        let (wide, narrow) = (difference(1e-4), difference(1e-5))
        tally.points += 1
        guard abs(wide - narrow) <= 1e-5 * size + 1e-9 else {
          tally.rejected += 1
          continue
        }
        #expect(
          abs(gradient[index] - narrow) <= 1e-4 * size + 1e-8,
          "\(self.name), seed \(seed): the twin's \(name)[\(index)]")

        func difference(_ step: Double) -> Double {
          var (up, down) = (start, start)
          up[name]![index] += step
          down[name]![index] -= step
          return
            (twin.loss(up, inputs: inputs, targets: targets)
            - twin.loss(down, inputs: inputs, targets: targets)) / (2 * step)
        }
      }
    }
    return tally
  }
}
