import CKernels
import KeelEngine
import KeelSettings

/// The gated recurrent unit.
///
/// **Definition** r, z = σ(x_t Wᵀ + h_{t−1} Uᵀ + b),
/// n = tanh(x_t W_nᵀ + b_n + r·(h_{t−1} U_nᵀ + c)); h_t = (1 − z)·n + z·h_{t−1}; h is 0 before the
/// first step. As PyTorch's `GRU`: rows in the order r, z, n; b is [b_ir + b_hr, b_iz + b_hz,
/// b_in], the recurrent bias c is b_hn, which the reset gate multiplies. Both begin at 0.
///
/// **Shapes** Input [time, features]; output [units], or [time, units] with `return: sequence`;
/// weight [3·units, features], recurrent weight [3·units, units], bias [3·units], recurrent bias
/// [units].
///
/// **Effect on gradients** Along the state they are multiplied by z < 1 a step, and by no weight:
/// what grows can grow through the gates only. `truncate` cuts as in `recurrent`.
///
/// **Non-finite values** Pre-activations are looked at; one that is not finite makes NaN of the
/// state.
///
/// **References** Cho et al., *Learning phrase representations using RNN encoder–decoder*, 2014.
public struct GRU: Recurrence, Weighted {
  public static let name = "gru"
  public static let summary = "gated recurrent units over a sequence"
  public static let fields: [Field<GRU>] = recurrenceFields
  public static let gates = 3
  public var units = 1
  public var output = RecurrenceOutput.last
  public var initializer = Inherited<Choice<Initializers>>()
  public var recurrentInitializer: Choice<Initializers> = .orthogonal()
  public var truncate: Int?

  public init() {}

  public func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal {
    let roll = try unroll(input, in: &network)
    let bias = try network.planner.parameter(
      roll.layer, "recurrent-bias", Shape(units), role: .bias
    ) { values, _ in values.update(repeating: 0) }
    func kept(_ count: Int) throws -> Buffer {
      try network.planner.scratch(roll.layer, count: count, perRow: true)
    }
    let cell = GRUCell(
      bias: bias, products: try kept(roll.width), candidates: try kept(roll.steps * units),
      candidateGradients: try kept(roll.steps * units))
    return roll.add(cell, in: &network, parameters: [bias])
  }
}

private struct GRUCell: RecurrentCell {
  let bias: Buffer
  /// h Uᵀ of the step at hand.
  let products: Buffer
  /// What the reset gate multiplies, of every step.
  let candidates, candidateGradients: Buffer

  func forward(_ step: Int, _ roll: Unrolling, _ pass: Pass) -> Bool {
    let before = roll.states(step - 1, pass)
    if step > 0 { roll.recurrent.forward(pass, pass.rows, before, to: pass[products]) }
    return keel_gru(
      roll.gateValues(step, pass), step > 0 ? pass[products] : pass[roll.zeros], pass[bias], before,
      roll.at(step, candidates, roll.units, pass), roll.states(step, pass), pass.rows, roll.units)
      == 0
  }

  func backward(_ step: Int, _ roll: Unrolling, _ pass: Pass) -> Bool {
    let gates = roll.gateGradients(step, pass)
    let candidate = roll.at(step, candidateGradients, roll.units, pass)
    let flowsBack = roll.flowsBack(from: step)
    let target = flowsBack ? roll.stateGradients(step - 1, pass) : nil
    let nonFinite = keel_gru_gradient(
      roll.gateValues(step, pass), roll.at(step, candidates, roll.units, pass),
      roll.states(step - 1, pass), roll.stateGradients(step, pass), gates, candidate, target,
      pass.rows, roll.units)
    guard let target else { return nonFinite == 0 }
    // Reset and update see the state as it is; the candidate sees it through the reset gate.
    let units = roll.units
    roll.recurrent.backward(
      pass, pass.rows, gates, part: 0..<2 * units, row: roll.width, to: target, adds: true)
    roll.recurrent.backward(
      pass, pass.rows, candidate, part: 2 * units..<3 * units, to: target, adds: true)
    return nonFinite == 0
  }

  func writeRecurrentGradients(_ roll: Unrolling, _ pass: Pass) {
    let (units, width) = (roll.units, roll.width)
    let count = pass.rows * (roll.steps - 1)
    keel_column_sums(pass[candidateGradients], pass[bias.gradient], pass.rows * roll.steps, units)
    roll.recurrent.weightGradient(
      pass, count, roll.gateGradients(1, pass), part: 0..<2 * units, row: width,
      pass[roll.states])
    roll.recurrent.weightGradient(
      pass, count, roll.at(1, candidateGradients, units, pass), part: 2 * units..<width,
      pass[roll.states])
  }
}

extension Choice where F == Layers {
  /// `gru: {units: …, return: …}` in a recipe.
  public static func gru(
    _ units: Int, return output: RecurrenceOutput = .last,
    initializer: Choice<Initializers>? = nil,
    recurrentInitializer: Choice<Initializers> = .orthogonal(), truncate: Int? = nil
  ) -> Choice {
    var layer = GRU()
    (layer.units, layer.output, layer.truncate) = (units, output, truncate)
    (layer.initializer, layer.recurrentInitializer) = (.init(initializer), recurrentInitializer)
    return Choice(layer)
  }
}
