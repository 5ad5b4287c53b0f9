import CKernels
import KeelEngine

/// A sequence unrolled in time: what recurrent layers share.
///
/// Everything kept lies time-major, [time, rows, …] of a part of the batch, so that one step is one
/// matrix and all steps together are one, too: inputs take one product a sequence, weight gradients
/// one each.
struct Unrolling: Sendable {
  let layer: String
  let input, output: Signal
  let steps, features, units, gates: Int
  /// A gradient does not flow further back than this many steps.
  let span: Int
  /// Whether rows are taken in parts.
  let isRowwise: Bool
  let bias: Buffer
  /// With what all inputs are multiplied, and with what a state is in every step.
  let projection, recurrent: Product
  let inputs, gateValues, gateGradients, states, stateGradients: Buffer
  let inputGradients: Buffer?
  /// As many as the gates of a step; never written.
  let zeros: Buffer

  var width: Int { gates * units }

  /// Where a step begins in a buffer that holds `width` numbers a row and step.
  func at(_ step: Int, _ buffer: Buffer, _ width: Int, _ pass: Pass) -> UnsafeMutablePointer<Float>
  {
    pass[buffer] + step * pass.rows * width
  }

  func gateValues(_ step: Int, _ pass: Pass) -> UnsafeMutablePointer<Float> {
    at(step, gateValues, width, pass)
  }
  func gateGradients(_ step: Int, _ pass: Pass) -> UnsafeMutablePointer<Float> {
    at(step, gateGradients, width, pass)
  }
  /// The state after a step; zero before the first.
  func states(_ step: Int, _ pass: Pass) -> UnsafeMutablePointer<Float> {
    step < 0 ? pass[zeros] : at(step, states, units, pass)
  }
  func stateGradients(_ step: Int, _ pass: Pass) -> UnsafeMutablePointer<Float> {
    at(step, stateGradients, units, pass)
  }

  /// Whether a gradient flows from this step to the one before.
  func flowsBack(from step: Int) -> Bool { step > 0 && (steps - step) % span != 0 }

  /// The first step that the gradient of the last one reaches.
  var firstReached: Int { steps - span }

  // MARK: all steps at once

  /// gates = x Wᵀ + b.
  func projectInputs(_ pass: Pass) {
    let count = pass.rows * steps
    keel_swap_axes(pass[input.value], pass[inputs], pass.rows, steps, features, 0)
    projection.forward(pass, count, pass[inputs], bias: bias, to: pass[gateValues])
  }

  func writeOutput(_ pass: Pass) {
    if output.shape.axes.count == 1 {
      keel_copy(states(steps - 1, pass), pass[output.value], pass.rows * units, 0)
    } else {
      keel_swap_axes(pass[states], pass[output.value], steps, pass.rows, units, 0)
    }
  }

  /// What the loss wants of every state, before time is gone back through.
  func readOutputGradient(_ pass: Pass) {
    let gradient = pass[gradientOf: output]
    if output.shape.axes.count == 1 {
      keel_fill(pass[stateGradients], (steps - 1) * pass.rows * units, 0)
      keel_copy(gradient, stateGradients(steps - 1, pass), pass.rows * units, 0)
    } else {
      keel_swap_axes(gradient, pass[stateGradients], pass.rows, steps, units, 0)
    }
  }

  func writeGradients(_ pass: Pass, _ accumulation: Accumulation) {
    let count = pass.rows * steps
    let gradients = pass[gateGradients]
    projection.weightGradient(pass, count, gradients, pass[inputs])
    keel_column_sums(gradients, pass[bias.gradient], count, width)
    guard let inputGradients, let target = input.gradient else { return }
    projection.backward(pass, count, gradients, to: pass[inputGradients], adds: false)
    keel_swap_axes(
      pass[inputGradients], pass[target], steps, pass.rows, features, accumulation.flag(0))
  }

  /// d(recurrent weight) = Σ over steps but the first of gateᵀ · state before.
  func writeRecurrentGradient(_ pass: Pass) {
    recurrent.weightGradient(
      pass, pass.rows * (steps - 1), pass[gateGradients] + pass.rows * width, pass[states])
  }
}

/// What one step computes, forwards and backwards.
protocol RecurrentCell: Sendable {
  /// The state after a step, from its gates' share of the inputs and the state before.
  /// - Returns: whether everything looked at was finite.
  func forward(_ step: Int, _ roll: Unrolling, _ pass: Pass) -> Bool
  /// The gates' gradients from the state's; adds to the gradient of the state before.
  func backward(_ step: Int, _ roll: Unrolling, _ pass: Pass) -> Bool
  /// Gradients of what the state is multiplied by, once all steps are done.
  func writeRecurrentGradients(_ roll: Unrolling, _ pass: Pass)
}

extension RecurrentCell {
  func writeRecurrentGradients(_ roll: Unrolling, _ pass: Pass) {
    roll.writeRecurrentGradient(pass)
  }
}

/// A cell, step after step.
package struct UnrolledKernel: Kernel {
  let roll: Unrolling
  let cell: any RecurrentCell
  package var isRowwise: Bool { roll.isRowwise }

  package func prepare(_ pass: Pass) {
    roll.projection.prepare(pass)
    roll.recurrent.prepare(pass)
  }

  package func forward(_ pass: Pass) -> Bool {
    roll.projectInputs(pass)
    var isFinite = true
    for step in 0..<roll.steps where !cell.forward(step, roll, pass) { isFinite = false }
    roll.writeOutput(pass)
    return isFinite
  }

  package func backward(_ pass: Pass, _ accumulation: Accumulation) -> Bool {
    roll.readOutputGradient(pass)
    var isFinite = true
    for step in (0..<roll.steps).reversed() where !cell.backward(step, roll, pass) {
      isFinite = false
    }
    cell.writeRecurrentGradients(roll, pass)
    roll.writeGradients(pass, accumulation)
    return isFinite
  }

  /// The gates' gradients of the first step that the last one's gradient reaches, and of the last;
  /// after a backward pass, of a part that it was taken in.
  package func gradientsInTime(_ pass: Pass) -> (
    first: UnsafeBufferPointer<Float>, last: UnsafeBufferPointer<Float>
  ) {
    func step(_ index: Int) -> UnsafeBufferPointer<Float> {
      UnsafeBufferPointer(start: roll.gateGradients(index, pass), count: pass.rows * roll.width)
    }
    return (step(roll.firstReached), step(roll.steps - 1))
  }

  /// All gates' gradients, a vector of `width` for each row and step, in no order.
  package func gateGradients(_ pass: Pass) -> (
    values: UnsafePointer<Float>, vectors: Int, width: Int
  ) {
    (UnsafePointer(pass[roll.gateGradients]), pass.rows * roll.steps, roll.width)
  }
}

extension Unrolling {
  /// Adds the kernel; `more` are parameters of the cell's own.
  func add(
    _ cell: any RecurrentCell, in network: inout NetworkBuilder, parameters more: [Buffer] = []
  )
    -> Signal
  {
    network.planner.add(
      UnrolledKernel(roll: self, cell: cell), layer, reads: [input], writes: output,
      parameters: [projection.weight, recurrent.weight, bias] + more)
    return output
  }
}
