import CKernels
import KeelEngine
import KeelSettings

/// Plain (Elman) recurrence.
///
/// **Definition** h_t = activation(x_t Wᵀ + h_{t−1} Uᵀ + b), h_{−1} = 0; as PyTorch's `RNN`, whose
/// `bias_ih` and `bias_hh` only ever act as their sum b.
///
/// **Shapes** Input [time, features]; output [units], or [time, units] with `return: sequence`;
/// weight [units, features], recurrent weight [units, units], bias [units].
///
/// **Effect on gradients** Each step back multiplies by Uᵀ·diag(activation′): over many steps a
/// largest singular value of U above 1 may make them explode (tanh; above 4 for sigmoid), one below
/// makes them vanish. `truncate: n` cuts the way back between steps t − 1 and t wherever n divides
/// time − t.
///
/// **Non-finite values** Pre-activations are looked at; one that is not finite is passed on where
/// the activation would hide it.
///
/// **References** Elman, 1990; Pascanu et al., *On the difficulty of training recurrent neural
/// networks*, ICML 2013, §2.1.
public struct Recurrent: Recurrence, Weighted, Activated {
  public static let name = "recurrent"
  public static let summary = "plain recurrence over a sequence"
  public static let fields: [Field<Recurrent>] =
    recurrenceFields + [.init("activation", \.activation, "of the state, element by element")]
  public static let gates = 1
  public var units = 1
  public var output = RecurrenceOutput.last
  public var initializer = Inherited<Choice<Initializers>>()
  public var recurrentInitializer: Choice<Initializers> = .orthogonal()
  public var truncate: Int?
  public var activation: Choice<Activations> = .tanh

  public init() {}

  public func validate(at path: String) throws {
    guard functions == nil, activation != .linear else { return }
    throw KeelError(
      .invalid, at: "\(path).activation", "'\(activation.name)' does not act element by element",
      fix: "use tanh, relu, or another activation without parameters")
  }

  /// Nil for linear recurrence.
  var functions: ElementwiseKernel.Functions? {
    (activation.member as? any ElementwiseActivation)?.kernel
  }

  public func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal {
    try validate(at: network.path)
    return try unroll(input, in: &network).add(PlainCell(functions: functions), in: &network)
  }
}

private struct PlainCell: RecurrentCell {
  let functions: ElementwiseKernel.Functions?

  func forward(_ step: Int, _ roll: Unrolling, _ pass: Pass) -> Bool {
    let count = pass.rows * roll.units
    let (values, states) = (roll.gateValues(step, pass), roll.states(step, pass))
    if step > 0 {
      roll.recurrent.forward(pass, pass.rows, roll.states(step - 1, pass), to: values, adds: true)
    }
    guard let functions else {
      keel_copy(values, states, count, 0)
      return true
    }
    guard functions.forward(values, states, count, functions.setting) > 0 else { return true }
    for index in 0..<count where !values[index].isFinite { states[index] = values[index] }
    return false
  }

  func backward(_ step: Int, _ roll: Unrolling, _ pass: Pass) -> Bool {
    let count = pass.rows * roll.units
    let (upstream, gradients) = (roll.stateGradients(step, pass), roll.gateGradients(step, pass))
    var nonFinite: Int64 = 0
    if let functions {
      nonFinite = functions.backward(
        roll.gateValues(step, pass), roll.states(step, pass), upstream, gradients, count,
        functions.setting, 0)
    } else {
      keel_copy(upstream, gradients, count, 0)
    }
    if roll.flowsBack(from: step) {
      roll.recurrent.backward(
        pass, pass.rows, gradients, to: roll.stateGradients(step - 1, pass), adds: true)
    }
    return nonFinite == 0
  }
}

extension Choice where F == Layers {
  /// `recurrent: {units: …, return: …}` in a recipe.
  public static func recurrent(
    _ units: Int, return output: RecurrenceOutput = .last,
    initializer: Choice<Initializers>? = nil,
    recurrentInitializer: Choice<Initializers> = .orthogonal(), truncate: Int? = nil,
    activation: Choice<Activations> = .tanh
  ) -> Choice {
    var layer = Recurrent()
    (layer.units, layer.output, layer.truncate) = (units, output, truncate)
    layer.initializer = .init(initializer)
    (layer.recurrentInitializer, layer.activation) = (recurrentInitializer, activation)
    return Choice(layer)
  }
}
