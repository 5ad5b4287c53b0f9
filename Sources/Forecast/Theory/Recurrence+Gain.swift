import Foundation
import KeelEngine
import KeelNetworks

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
    let rule = (initializer.value?.member ?? path.initializer).rule(for: .recurrence(units: units))
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
