import CKernels
import KeelEngine

/// The first thing that became non-finite, searched for once a step is known to be bad.
///
/// Values are looked at in the order in which they were computed, so a layer that only passed one
/// on is not blamed.
package struct FirstNonFinite: Hashable, Sendable {
  package let place: String
  package let origin: NonFiniteOrigin
}

extension TrainingStep {
  /// Data, then layer by layer its parameters and its output, then the loss.
  package func firstNonFiniteForward(_ pass: Pass) -> FirstNonFinite {
    if isBad(plan.input.value, pass) { return FirstNonFinite(place: "input", origin: .input) }
    if isBad(plan.targets, pass) { return FirstNonFinite(place: "targets", origin: .input) }
    for operation in plan.operations {
      for buffer in operation.parameters where isBad(buffer, pass) {
        return FirstNonFinite(place: name(of: buffer), origin: .input)
      }
      if isBad(operation.output.value, pass) {
        return FirstNonFinite(place: operation.layer, origin: operation.kernel.origin(pass))
      }
    }
    let origin = recipe.loss.member.origin(batch(pass, wantsGradient: false))
    return FirstNonFinite(place: "loss", origin: origin)
  }

  /// The loss's gradient, then layer by layer from the last: the gradients of its parameters, and
  /// the one it hands down.
  ///
  /// The step is taken once more, for layers write their gradients over each other's.
  package func firstNonFiniteBackward(_ pass: Pass) -> FirstNonFinite {
    _ = forward(pass)
    if isBad(plan.output.gradientBuffer, pass) {
      return FirstNonFinite(place: "loss", origin: .overflow)
    }
    var hasBadInputs = Array(repeating: false, count: plan.operations.count)
    var badParameters: [Buffer?] = Array(repeating: nil, count: plan.operations.count)
    func bad(_ index: Int, _ pass: Pass) -> Buffer? {
      plan.operations[index].parameters.first { isBad($0.gradient, pass) }
    }
    let completed = completedGradients
    let isFinite = plan.backwardInOrder(
      pass,
      after: { index, part in
        badParameters[index] = badParameters[index] ?? bad(index, part)
        hasBadInputs[index] =
          hasBadInputs[index] || completed[index].contains { isBad($0, part) }
      })
    // With the penalties, which may be what overflows.
    _ = measure(isFinite)
    for index in plan.operations.indices.reversed() {
      if let buffer = badParameters[index] ?? bad(index, pass) {
        return FirstNonFinite(place: name(of: buffer), origin: .overflow)
      }
      if hasBadInputs[index] {
        return FirstNonFinite(place: plan.operations[index].layer, origin: .overflow)
      }
    }
    return FirstNonFinite(place: "loss", origin: .overflow)
  }

  /// The gradients that each operation completes: where several read a signal, the first of them.
  private var completedGradients: [[Buffer]] {
    var seen: Set<Buffer> = []
    return plan.operations.map { operation in
      operation.inputs.compactMap(\.gradient).filter { seen.insert($0).inserted }
    }
  }

  /// Parameter by parameter: its new value, then what the optimizer remembers of it.
  package func firstNonFiniteUpdate(_ pass: Pass) -> FirstNonFinite {
    for parameter in plan.parameters {
      let slots = (0..<plan.slotCount).map { plan.slot($0, of: parameter) }
      let count = parameter.buffer.count
      let bad = keel_first_non_finite(memory[parameter.buffer], count)
      if bad < count {
        // A root mean square of exactly 0 in the denominator: only epsilon = 0 lets that happen.
        let isZeroOverZero =
          memory[parameter.buffer][bad].isNaN && slots.contains { memory[$0][bad] == 0 }
        return FirstNonFinite(place: parameter.name, origin: isZeroOverZero ? .invalid : .overflow)
      }
      if slots.contains(where: { isBad($0, pass) }) {
        return FirstNonFinite(place: parameter.name, origin: .overflow)
      }
    }
    return FirstNonFinite(place: plan.parameters[0].name, origin: .overflow)
  }

  private func isBad(_ buffer: Buffer, _ pass: Pass) -> Bool {
    let count = buffer.count(rows: pass.rows)
    return keel_first_non_finite(pass[buffer], count) < count
  }

  private func name(of buffer: Buffer) -> String {
    plan.parameters.first { $0.buffer == buffer }.required("a buffer of a parameter").name
  }
}
