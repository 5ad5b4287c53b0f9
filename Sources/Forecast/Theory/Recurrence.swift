import Foundation
import KeelEngine
import KeelNetworks

/// What theory says of a layer that goes through time.
///
/// **Definition** Forwards mean-field, one step after the other: E z² = σ_w²·features·E x² +
/// σ_u²·units·E h². Backwards the recurrent weight is the same in every step, and what it hands
/// back adds up with what goes around it (through a cell, or an update gate): it acts as ρe^{iθ},
/// ρ = σ_u·√units, the angles spread evenly as an orthogonal matrix's; gates act as their means,
/// slopes as their root mean squares. Exact for linear recurrence alone.
///
/// **References** Pascanu et al., ICML 2013, §2.1; Chen, Pennington and Schoenholz, *Dynamical
/// isometry and a mean field theory of RNNs*, ICML 2018.
struct TimeTheory {
  /// ln of σ²·fan-in of the recurrent weight.
  let recurrentGain: Double
  private(set) var steps: [any StepTheory] = []

  /// - Parameters:
  ///   - drive: ln of what the inputs give to a pre-activation, squared.
  ///   - next: the step after another; `fed` is ln of what the state gives, −∞ before the first.
  init(
    steps count: Int, drive: Double, recurrentGain: Double,
    next: (_ drive: Double, _ fed: Double, _ before: (any StepTheory)?) -> any StepTheory
  ) {
    self.recurrentGain = recurrentGain
    for _ in 0..<count {
      let before = steps.last
      steps.append(
        settled ?? next(drive, recurrentGain + (before?.state ?? -.infinity), before))
    }
  }

  /// The last step, once nothing changes any more: a long sequence need not be integrated over
  /// again.
  private var settled: (any StepTheory)? {
    guard steps.count > 1 else { return nil }
    let (a, b) = (steps[steps.count - 2], steps[steps.count - 1])
    let isSame = abs(a.state - b.state) < 1e-9 && (a.cell == b.cell || abs(a.cell - b.cell) < 1e-9)
    return isSame ? b : nil
  }

  /// Gradients of all pre-activations, squared and summed, and their growth from the last step to
  /// the first that its gradient reaches; logarithms.
  func backward(isSequence: Bool, span: Int) -> (sum: Double, growth: Double) {
    let responses = responses(span: span)
    let all = responses.reduce(-.infinity, logSum)
    guard isSequence else { return (all, responses[span - 1] - responses[0]) }
    // A share of the gradient begins at every step.
    let count = Double(steps.count)
    let sum = responses.enumerated().reduce(-Double.infinity) {
      logSum($0, $1.element + log((count - Double($1.offset)) / count))
    }
    return (sum, all - responses[0])
  }

  /// ln of the squared gradient of a step's pre-activations, so many steps before the state that
  /// has a gradient of 1.
  private func responses(span: Int) -> [Double] {
    let angles = 32
    let radius = exp(min(max(recurrentGain / 2, -200), 200))
    let turns = (0..<angles).map { index in
      let angle = 2 * Double.pi * (Double(index) + 0.5) / Double(angles)
      return radius * SIMD2(cos(angle), sin(angle))
    }
    var waves = [Wave](repeating: Wave(state: SIMD2(1, 0)), count: angles)
    var (logScale, result) = (0.0, [Double]())
    for lag in 0..<span {
      let step = steps[steps.count - 1 - lag]
      var squares = 0.0
      for index in waves.indices {
        let pulled = step.pull(waves[index])
        squares += (pulled.gate * pulled.gate).sum() / Double(angles)
        let fed = step.feed * pulled.gate
        let turned = SIMD2(
          turns[index].x * fed.x - turns[index].y * fed.y,
          turns[index].x * fed.y + turns[index].y * fed.x)
        waves[index] = Wave(state: pulled.before.state + turned, cell: pulled.before.cell)
      }
      result.append(log(squares) + 2 * logScale)
      let size = waves.reduce(0) { max($0, $1.size) }
      guard size > 0, size.isFinite else { continue }
      for index in waves.indices { waves[index].scale(by: 1 / size) }
      logScale += log(size)
    }
    return result
  }
}

/// Gradients with respect to state and cell along one eigenvector of the recurrent weight; complex.
struct Wave {
  var state = SIMD2<Double>.zero
  var cell = SIMD2<Double>.zero

  var size: Double { max(abs(state.x), abs(state.y), abs(cell.x), abs(cell.y)) }

  mutating func scale(by factor: Double) {
    state *= factor
    cell *= factor
  }
}

/// One step: sizes of what it keeps, as ln of mean squares, and what it makes of gradients.
protocol StepTheory {
  /// E h².
  var state: Double { get }
  /// The state's mean over its root mean square.
  var mean: Double { get }
  /// E c²; −∞ where there is no cell.
  var cell: Double { get }
  /// What multiplies the gradient of the pre-activation on its way to the recurrent weight.
  var feed: Double { get }
  /// The gradient of the pre-activation that carries most, and what reaches state and cell before
  /// without any weight.
  func pull(_ wave: Wave) -> (gate: SIMD2<Double>, before: Wave)
}

extension StepTheory {
  var mean: Double { 0 }
  var cell: Double { -.infinity }
  var feed: Double { 1 }
}

private struct PlainStep: StepTheory {
  let moments: ActivationMoments?
  let size: Double

  init(_ activation: ElementwiseKernel.Functions?, size: Double) {
    moments = activation.map { ActivationMoments($0, logDeviation: size / 2) }
    self.size = size
  }

  var state: Double { moments?.logSquare ?? size }
  var mean: Double { moments?.mean ?? 0 }

  func pull(_ wave: Wave) -> (gate: SIMD2<Double>, before: Wave) {
    (exp((moments?.logSlopeSquare ?? 0) / 2) * wave.state, Wave())
  }
}

private let sigmoid = Sigmoid().kernel
private let tanh = Tanh().kernel
/// A gate's mean: its pre-activation is symmetric around 0.
private let half = 0.5

private struct LSTMStep: StepTheory {
  let gate, candidate, squashed: ActivationMoments
  let cell: Double

  init(size: Double, cellBefore: Double) {
    gate = ActivationMoments(sigmoid, logDeviation: size / 2)
    candidate = ActivationMoments(tanh, logDeviation: size / 2)
    cell = gate.logSquare + logSum(cellBefore, candidate.logSquare)
    squashed = ActivationMoments(tanh, logDeviation: cell / 2)
  }

  var state: Double { gate.logSquare + squashed.logSquare }

  func pull(_ wave: Wave) -> (gate: SIMD2<Double>, before: Wave) {
    let cell = wave.cell + half * exp(squashed.logSlopeSquare / 2) * wave.state
    return (half * exp(candidate.logSlopeSquare / 2) * cell, Wave(cell: half * cell))
  }
}

private struct GRUStep: StepTheory {
  let gate, new: ActivationMoments
  let before: Double

  init(drive: Double, fed: Double, before: Double) {
    gate = ActivationMoments(sigmoid, logDeviation: logSum(drive, fed) / 2)
    new = ActivationMoments(tanh, logDeviation: logSum(drive, gate.logSquare + fed) / 2)
    self.before = before
  }

  /// E (1 − z)² = E z², as z is symmetric around a half.
  var state: Double { gate.logSquare + logSum(new.logSquare, before) }
  /// The reset gate.
  var feed: Double { half }

  func pull(_ wave: Wave) -> (gate: SIMD2<Double>, before: Wave) {
    (half * exp(new.logSlopeSquare / 2) * wave.state, Wave(state: half * wave.state))
  }
}

extension Recurrence {
  /// Walks through time and records the layer; its record stands at its output.
  func propagate(
    in path: inout Propagation,
    next: (_ drive: Double, _ fed: Double, _ before: (any StepTheory)?) -> any StepTheory
  ) {
    let layer = path.name(Self.name)
    let (count, features) = (path.shape.axes[0], path.shape.last)
    let rule = initializer.value?.member ?? path.initializer
    func gain(_ rule: any Initializer, _ inputs: Int) -> Double {
      2 * log(rule.std(Fan(input: inputs, output: units))) + log(Double(inputs))
    }
    let inputGain = gain(rule, features)
    let recurrentGain = gain(recurrentInitializer.member, units)
    let theory = TimeTheory(
      steps: count, drive: inputGain + path.signal.logSquare, recurrentGain: recurrentGain,
      next: next)
    let isSequence = output == .sequence
    let pulled = theory.backward(isSequence: isSequence, span: min(truncate ?? count, count))
    path.append(factor: inputGain + pulled.sum)
    path.isExact = false
    let state = theory.steps[count - 1]
    path.signal = SignalMoments(
      logSquare: state.state, correlation: path.signal.correlation, mean: state.mean)
    path.shape = isSequence ? Shape(count, units) : Shape(units)
    path.record(layer, logWeightGain: inputGain + pulled.sum, logTime: pulled.growth)
  }
}

extension Recurrent: Propagating {
  package func propagate(in path: inout Propagation) {
    let functions = (activation.member as? any ElementwiseActivation)?.kernel
    propagate(in: &path) { drive, fed, _ in PlainStep(functions, size: logSum(drive, fed)) }
  }
}

extension LSTM: Propagating {
  package func propagate(in path: inout Propagation) {
    propagate(in: &path) { drive, fed, before in
      LSTMStep(size: logSum(drive, fed), cellBefore: before?.cell ?? -.infinity)
    }
  }
}

extension GRU: Propagating {
  package func propagate(in path: inout Propagation) {
    propagate(in: &path) { drive, fed, before in
      GRUStep(drive: drive, fed: fed, before: before?.state ?? -.infinity)
    }
  }
}
