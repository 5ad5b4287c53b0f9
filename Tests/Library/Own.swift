import Foundation
import KeelAuthoring

// One of each kind that somebody outside of the package may add, in as few lines as it takes.

/// (√(x² + 1) − 1)/2 + slope·x, of each element.
struct Bent: ElementwiseActivation {
  static let name = "bent"
  static let summary = "(√(x² + 1) − 1)/2 + slope·x"
  static let fields: [Field<Bent>] = [.init("slope", \.slope, .positive, "the slope at 0")]
  var slope = 1.0

  var kernel: ElementwiseKernel.Functions {
    .init(
      forward: { x, y, count, slope in
        guard let x, let y else { return 0 }
        for index in 0..<count {
          y[index] = ((x[index] * x[index] + 1).squareRoot() - 1) / 2 + slope * x[index]
        }
        return Int64((0..<count).count { !x[$0].isFinite })
      },
      backward: { x, _, dy, dx, count, slope, adds in
        guard let x, let dy, let dx else { return 0 }
        for index in 0..<count {
          let slope = x[index] / (2 * (x[index] * x[index] + 1).squareRoot()) + slope
          dx[index] = (adds != 0 ? dx[index] : 0) + dy[index] * slope
        }
        return Int64((0..<count).count { !dy[$0].isFinite })
      }, setting: slope)
  }
}

/// Multiplies each column by a number that is learnt.
struct Gain: Layer {
  static let name = "gain"
  static let summary = "multiplies each column by a number that is learnt"
  static let fields: [Field<Gain>] = [.init("start", \.start, .positive, "where the number begins")]
  var start = 1.0

  func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal {
    let layer = network.planner.name(Self.name)
    let start = Float(start)
    let gains = try network.planner.parameter(
      layer, "gain", Shape(input.shape.axes.last ?? 1), role: .scale
    ) { values, _ in values.update(repeating: start) }
    let output = try network.planner.signal(layer, input.shape)
    network.planner.add(
      GainKernel(input: input, output: output, gains: gains), layer, reads: [input],
      writes: output, parameters: [gains])
    return output
  }
}

private struct GainKernel: Kernel {
  let input, output: Signal
  let gains: Buffer

  func forward(_ pass: Pass) -> Bool {
    let (x, y, gain) = (pass[input.value], pass[output.value], pass[gains])
    for index in 0..<input.value.count(rows: pass.rows) {
      y[index] = x[index] * gain[index % gains.count]
    }
    return true
  }

  func backward(_ pass: Pass, _ accumulation: Accumulation) -> Bool {
    let (x, dy, gain) = (pass[input.value], pass[gradientOf: output], pass[gains])
    let (count, width) = (input.value.count(rows: pass.rows), gains.count)
    let gradient = pass[gains.gradient]
    gradient.update(repeating: 0, count: width)
    for index in 0..<count { gradient[index % width] += dy[index] * x[index] }
    guard let target = input.gradient else { return true }
    let (dx, adds) = (pass[target], accumulation.contains(.input(0)))
    for index in 0..<count { dx[index] = (adds ? dx[index] : 0) + dy[index] * gain[index % width] }
    return true
  }
}

/// The way back of `dense-1`, with its weights: y = x W.
struct Tied: Layer {
  static let name = "tied"
  static let summary = "multiplies by the transpose of dense-1's weights"
  static let fields: [Field<Tied>] = [.init("units", \.units, .atLeast(1), "numbers it puts out")]
  var units = 1

  func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal {
    let layer = network.planner.name(Self.name)
    let weight = try network.planner.shared("dense-1", "weight", Shape(input.shape.last, units))
    let output = try network.planner.signal(layer, Shape(units))
    network.planner.add(
      TiedKernel(input: input, output: output, weight: weight), layer, reads: [input],
      writes: output, parameters: [weight])
    return output
  }
}

private struct TiedKernel: Kernel {
  let input, output: Signal
  let weight: Buffer

  func forward(_ pass: Pass) -> Bool {
    let (x, y, w) = (pass[input.value], pass[output.value], pass[weight])
    let (width, units) = (input.shape.count, output.shape.count)
    for row in 0..<pass.rows {
      for unit in 0..<units {
        y[row * units + unit] = (0..<width).reduce(0) {
          $0 + x[row * width + $1] * w[$1 * units + unit]
        }
      }
    }
    return true
  }

  func backward(_ pass: Pass, _ accumulation: Accumulation) -> Bool {
    let (x, dy, w) = (pass[input.value], pass[gradientOf: output], pass[weight])
    let (width, units) = (input.shape.count, output.shape.count)
    let dw = pass[weight.gradient]
    dw.update(repeating: 0, count: width * units)
    for row in 0..<pass.rows {
      for place in 0..<width {
        var sum: Float = 0
        for unit in 0..<units {
          dw[place * units + unit] += x[row * width + place] * dy[row * units + unit]
          sum += dy[row * units + unit] * w[place * units + unit]
        }
        guard let target = input.gradient else { continue }
        let dx = pass[target]
        let before = accumulation.contains(.input(0)) ? dx[row * width + place] : 0
        dx[row * width + place] = before + sum
      }
    }
    return true
  }
}

/// A layer that says one thing of what it puts out, and does another.
struct Liar: Layer {
  enum Lie: String, Keyword { case shape, outputs, nothing }

  static let name = "liar"
  static let summary = "says one thing of what it puts out, and does another"
  static let fields: [Field<Liar>] = [.init("lie", \.lie, "what it lies about")]
  var lie = Lie.shape

  func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal {
    let layer = network.planner.name(Self.name)
    let output = try network.planner.signal(layer, input.shape)
    if lie == .nothing { return output }
    network.planner.add(HalfKernel(output: output), layer, reads: [input], writes: output)
    guard lie == .shape else { return output }
    return output.reshaped(to: Shape(99))
  }
}

/// Writes every second number.
private struct HalfKernel: Kernel {
  let output: Signal

  func forward(_ pass: Pass) -> Bool {
    for index in stride(from: 0, to: output.value.count(rows: pass.rows), by: 2) {
      pass[output.value][index] = 1
    }
    return true
  }

  func backward(_ pass: Pass, _ accumulation: Accumulation) -> Bool { true }
}

/// An activation with a setting that no field says.
struct Forgetful: ElementwiseActivation {
  static let name = "forgetful"
  static let summary = "has a setting that no field says"
  var a = 1.0
  var kernel: ElementwiseKernel.Functions { Bent().kernel }
}

/// One of its own, called as one of Keel's.
struct Impostor: ElementwiseActivation {
  static let name = "relu"
  static let summary = "not what its name says"
  var kernel: ElementwiseKernel.Functions { Bent().kernel }
}

/// The fourth power of the error; the mean over rows and columns.
struct Quartic: Loss {
  static let name = "quartic"
  static let summary = "the fourth power of the error"

  func sum(_ batch: LossBatch, scale: Float) -> LossSum {
    var sum = LossSum(sum: 0, nonFinite: 0)
    for index in 0..<batch.count {
      let error = batch.outputs[index] - batch.targets[index]
      sum.sum += Double(error * error * error * error)
      sum.nonFinite += error.isFinite ? 0 : 1
      batch.gradient?[index] = 4 * error * error * error * scale
    }
    return sum
  }

  func constantLoss(_ targets: [Float], columns: Int) -> Double {
    convexConstantLoss(targets, columns: columns) { $0 * $0 * $0 * $0 }
  }
}

/// Steps of one size, down the gradient's sign.
struct SignDescent: Optimizer {
  static let name = "sign-descent"
  static let summary = "steps of one size"
  static let fields: [Field<SignDescent>] = [
    .init("learning-rate", \.learningRate, .nonNegative, "the size of a step")
  ]
  var learningRate = 0.001
  var initialSlots: KeyValuePairs<String, Float> { ["steps": 0] }

  func update(_ tensor: Update) -> UpdateMeasure {
    let steps = tensor.slot(0)
    return tensor.each { index, weight, gradient in
      steps[index] += 1
      return weight - Float(tensor.learningRate) * (gradient > 0 ? 1 : gradient < 0 ? -1 : gradient)
    }
  }
}

/// Half the rate in the second half.
struct Halving: Schedule {
  static let name = "halving"
  static let summary = "half the rate in the second half"

  func learningRate(_ base: Double, at step: Int, of total: Int) -> Double {
    step * 2 < total ? base : base / 2
  }
}

/// Takes the finest digits of each element away.
struct RoundOff: Clip {
  static let name = "round-off"
  static let summary = "gradients to whole millionths"

  func apply(to gradients: Gradients, _ window: (any NormWindow)?) {
    for tensor in gradients.indices {
      gradients.change(tensor) { values in
        for index in values.indices {
          values[index] =
            values[index].magnitude < 1 ? (values[index] * 1e6).rounded() / 1e6 : values[index]
        }
      }
    }
  }
}

/// y = 2x, at even steps.
struct Line: Dataset {
  static let name = "line"
  static let summary = "y = 2x"
  static let fields: [Field<Line>] = [.init("samples", \.samples, .atLeast(2), "rows")]
  var samples = 100

  func load(from folder: String, seed: UInt64) throws -> DataSplit {
    let inputs = (0..<samples).map { [Float($0) / Float(samples) - 0.5] }
    return DataSplit(
      train: try Examples(inputs: inputs, targets: inputs.map { [2 * $0[0]] }), test: nil)
  }
}

/// The size of the weights.
enum WeightNorm: Probe {
  static let name = "weight-norm"
  static let summary = "‖w‖"
  static func measure(_ layer: LayerMeasures) -> Float { Float(layer.weightNorm) }
}

/// A gain that begins far too large.
enum LargeGain: Cause {
  static let name = "large-gain"
  static let summary = "a gain begins far too large"

  static func deviation(in evidence: Evidence) -> Deviation? {
    let largest = evidence.recipe.model.compactMap { ($0.ingredient as? Gain)?.start }.max() ?? 1
    return largest > 10 ? Deviation(quantity: "gain", value: largest, reference: 1) : nil
  }

  static func reset(_ evidence: Evidence) -> Recipe? { evidence.recipe.easingGains() }
}

/// The same with gains that begin at 1.
struct EaseGain: Remedy {
  static let name = "ease-gain"
  static let summary = "gains that begin at 1"
  static let undoes = [LargeGain.name]
  static let price = Price(invasiveness: 0, timePerStep: 1, risk: "none")
  static let isHot = false

  static func candidates(for evidence: Evidence) -> [EaseGain] { [EaseGain()] }

  func applied(to problem: Problem) -> Recipe? { problem.recipe.easingGains() }
}

extension Recipe {
  fileprivate func easingGains() -> Recipe? {
    var recipe = self
    recipe.model = model.map { $0.ingredient is Gain ? Choice(Gain()) : $0 }
    return recipe == self ? nil : recipe
  }
}
