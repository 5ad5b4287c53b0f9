import KeelEngine
import KeelSettings

/// A layer whose state goes from one step of a sequence to the next.
///
/// **Shapes** Input [time, features]; output [units] (`return: last`) or [time, units]
/// (`sequence`). Each gate has a matrix [units, features] and a matrix [units, units]; they lie
/// below one another.
///
/// The initializers fill gate by gate. The state is zero before the first step.
public protocol Recurrence: Layer {
  /// Matrices side by side.
  static var gates: Int { get }
  var units: Int { get set }
  var output: RecurrenceOutput { get set }
  var initializer: Inherited<Choice<Initializers>> { get set }
  var recurrentInitializer: Choice<Initializers> { get set }
  /// Through how many steps a gradient flows; nil: all of them. Where it does not divide the
  /// length, the first part of the sequence is the shorter one, so that the last step's always
  /// flows so far.
  var truncate: Int? { get set }
}

/// What a recurrent layer gives.
public enum RecurrenceOutput: String, Keyword {
  /// The state after the last step.
  case last
  /// The state after every step.
  case sequence
}

extension Recurrence {
  /// What all of them can set.
  static var recurrenceFields: [Field<Self>] {
    [
      .init("units", \.units, .atLeast(1), required: true, "size of the state"),
      .init("return", \.output, "the last state, or the sequence of all"),
      .init("initializer", \.initializer, "of the weight; the recipe's if not given"),
      .init(
        "recurrent-initializer", \.recurrentInitializer, "of the recurrent weight, gate by gate"),
      .init("truncate", \.truncate, .atLeast(1), "steps a gradient flows through; none: all"),
    ]
  }

  /// Checks the row, places parameters and everything that is kept for the way back.
  func unroll(_ input: Signal, in network: inout NetworkBuilder) throws -> Unrolling {
    guard input.shape.axes.count == 2 else {
      throw network.error(
        "a row is [\(input.shape)], not [time, features]",
        fix: input.gradient == nil || input.shape.axes.count > 2
          ? "give the shape of a row, such as input: [\(input.shape.count), 1]"
          : "let the layer before return: sequence")
    }
    let (steps, features) = (input.shape.axes[0], input.shape.last)
    if let truncate, truncate > steps {
      throw network.error(
        "truncate: \(truncate) steps, a row is [\(input.shape)], a sequence of \(steps)",
        fix: "write at most \(steps), or none")
    }
    let layer = network.planner.name(Self.name)
    let rows = Shape(Self.gates, units).count
    let rule = initializer.value?.member ?? network.initializer
    let weight = try network.planner.parameter(
      layer, "weight", Shape(rows, features), role: .weight,
      fill: Self.fill(rule, features, units))
    let recurrent = try network.planner.parameter(
      layer, "recurrent-weight", Shape(rows, units), role: .weight,
      fill: Self.fill(recurrentInitializer.member, units, units))
    let bias = try network.planner.parameter(layer, "bias", Shape(rows), role: .bias) { values, _ in
      values.update(repeating: 0)
    }
    func kept(_ count: Int) throws -> Buffer {
      try network.planner.scratch(layer, count: Shape(steps, count).count, perRow: true)
    }
    let isRowwise = Product.suitsFewRows(outputs: rows, inputs: units, uses: steps)
    func product(_ weight: Buffer, inputs: Int) throws -> Product {
      try Product(
        layer, weight, outputs: rows, inputs: inputs, uses: steps,
        rows: isRowwise ? network.planner.partRows : network.planner.capacity, in: &network)
    }
    return Unrolling(
      layer: layer, input: input,
      output: try network.planner.signal(
        layer, output == .last ? Shape(units) : input.shape.replacingLast(with: units)),
      steps: steps, features: features, units: units, gates: Self.gates, span: truncate ?? steps,
      isRowwise: isRowwise, bias: bias, projection: try product(weight, inputs: features),
      recurrent: try product(recurrent, inputs: units),
      inputs: try kept(features),
      gateValues: try kept(rows), gateGradients: try kept(rows), states: try kept(units),
      stateGradients: try kept(units),
      inputGradients: input.gradient == nil ? nil : try kept(features),
      zeros: try network.planner.scratch(layer, count: rows, perRow: true))
  }

  private static func fill(_ rule: any Initializer, _ inputs: Int, _ units: Int)
    -> @Sendable (UnsafeMutableBufferPointer<Float>, inout Random) -> Void
  {
    let fan = Fan(input: inputs, output: units)
    let rule = rule.rule(for: .recurrence(units: units))
    return { values, random in
      for gate in 0..<Self.gates {
        let first = gate * inputs * units
        let matrix = UnsafeMutableBufferPointer(rebasing: values[first..<first + inputs * units])
        rule.fill(matrix, fan: fan, random: &random)
      }
    }
  }
}

extension Parameter {
  /// Whether it carries a state from step to step.
  public var isRecurrent: Bool { name.hasSuffix(".recurrent-weight") }
}
