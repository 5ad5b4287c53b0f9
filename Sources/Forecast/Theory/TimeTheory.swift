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
