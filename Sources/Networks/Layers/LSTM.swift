import CKernels
import KeelEngine
import KeelSettings

/// Long short-term memory.
///
/// **Definition** i, f, o = σ(x_t Wᵀ + h_{t−1} Uᵀ + b), g = tanh of the same with its own rows;
/// c_t = f·c_{t−1} + i·g, h_t = o·tanh(c_t); h and c are 0 before the first step. As PyTorch's
/// `LSTM`: rows in the order i, f, g, o; b is the sum of `bias_ih` and `bias_hh`. It begins at 0,
/// the forget gate's, too.
///
/// **Shapes** Input [time, features]; output [units], or [time, units] with `return: sequence`;
/// weight [4·units, features], recurrent weight [4·units, units], bias [4·units].
///
/// **Effect on gradients** Along the cell they are multiplied by f < 1 a step, and by no weight:
/// what grows can grow through the gates only. `truncate` cuts cell and state, as in `recurrent`.
///
/// **Non-finite values** Pre-activations are looked at; one that is not finite makes NaN of the
/// state.
///
/// **References** Hochreiter and Schmidhuber, *Long short-term memory*, 1997; Gers et al., 2000.
public struct LSTM: Recurrence, Weighted {
  public static let name = "lstm"
  public static let summary = "long short-term memory over a sequence"
  public static let fields: [Field<LSTM>] = recurrenceFields
  public static let gates = 4
  public var units = 1
  public var output = RecurrenceOutput.last
  public var initializer = Inherited<Choice<Initializers>>()
  public var recurrentInitializer: Choice<Initializers> = .orthogonal()
  public var truncate: Int?

  public init() {}

  public func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal {
    let roll = try unroll(input, in: &network)
    let cells = try network.planner.scratch(
      roll.layer, count: roll.steps * units, perRow: true)
    let cellGradients = try network.planner.scratch(roll.layer, count: units, perRow: true)
    return roll.add(LSTMCell(cells: cells, cellGradients: cellGradients), in: &network)
  }
}

private struct LSTMCell: RecurrentCell {
  /// After every step.
  let cells: Buffer
  /// Of the step at hand.
  let cellGradients: Buffer

  private func cells(_ step: Int, _ roll: Unrolling, _ pass: Pass) -> UnsafeMutablePointer<Float> {
    step < 0 ? pass[roll.zeros] : roll.at(step, cells, roll.units, pass)
  }

  func forward(_ step: Int, _ roll: Unrolling, _ pass: Pass) -> Bool {
    let gates = roll.gateValues(step, pass)
    if step > 0 {
      roll.recurrent.forward(pass, pass.rows, roll.states(step - 1, pass), to: gates, adds: true)
    }
    return keel_lstm(
      gates, cells(step - 1, roll, pass), cells(step, roll, pass), roll.states(step, pass),
      pass.rows, roll.units) == 0
  }

  func backward(_ step: Int, _ roll: Unrolling, _ pass: Pass) -> Bool {
    let gradients = roll.gateGradients(step, pass)
    if step == roll.steps - 1 { keel_fill(pass[cellGradients], pass.rows * roll.units, 0) }
    let nonFinite = keel_lstm_gradient(
      roll.gateValues(step, pass), cells(step - 1, roll, pass), cells(step, roll, pass),
      roll.stateGradients(step, pass), pass[cellGradients], gradients, pass.rows, roll.units)
    if roll.flowsBack(from: step) {
      roll.recurrent.backward(
        pass, pass.rows, gradients, to: roll.stateGradients(step - 1, pass), adds: true)
    } else {
      keel_fill(pass[cellGradients], pass.rows * roll.units, 0)
    }
    return nonFinite == 0
  }
}

extension Choice where F == Layers {
  /// `lstm: {units: …, return: …}` in a recipe.
  public static func lstm(
    _ units: Int, return output: RecurrenceOutput = .last,
    initializer: Choice<Initializers>? = nil,
    recurrentInitializer: Choice<Initializers> = .orthogonal(), truncate: Int? = nil
  ) -> Choice {
    var layer = LSTM()
    (layer.units, layer.output, layer.truncate) = (units, output, truncate)
    (layer.initializer, layer.recurrentInitializer) = (.init(initializer), recurrentInitializer)
    return Choice(layer)
  }
}
