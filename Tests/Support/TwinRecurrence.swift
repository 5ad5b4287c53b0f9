import Foundation
import KeelNetworks
import KeelRecipes

/// Recurrent layers in Double, row by row and step by step, as their documentation writes them.
struct RecurrenceTwin: TwinLayer {
  enum Kind {
    case plain(Formula)
    case lstm, gru
  }

  let kind: Kind
  let name: String
  let steps, features, units, gates: Int
  /// A gradient flows no further back than this many steps.
  let span: Int
  let isSequence: Bool

  init(_ layer: any Recurrence, name: String, row: [Int]) {
    kind =
      switch layer {
      case is LSTM: .lstm
      case is GRU: .gru
      case let plain as Recurrent: .plain(formula(of: plain.activation.member))
      default: preconditionFailure("the twin does not know \(name)")
      }
    self.name = name
    (steps, features, units) = (row[0], row[1], layer.units)
    gates = type(of: layer).gates
    span = layer.truncate ?? row[0]
    isSequence = layer.output == .sequence
  }

  private var names: [String] {
    ["weight", "recurrent-weight", "bias", "recurrent-bias"].map { "\(name).\($0)" }
  }

  /// What one step of one row computed.
  private struct Step {
    /// Pre-activations: what the inputs give, and what the state before gives.
    var inputs, recurrent: [Double]
    var before, state: [Double]
    var cellBefore, cell: [Double]
  }

  private func step(_ x: [Double], _ h: [Double], _ c: [Double], _ p: [String: [Double]]) -> Step {
    let inputs = zip(product(p[names[0]]!, x), p[names[2]]!).map { $0 + $1 }
    var recurrent = product(p[names[1]]!, h)
    var (state, cell) = (h, c)
    for u in 0..<units {
      func z(_ gate: Int) -> Double { inputs[gate * units + u] + recurrent[gate * units + u] }
      switch kind {
      case .plain(let formula): state[u] = formula.value(z(0))
      case .lstm:
        cell[u] = sigmoid(z(1)) * c[u] + sigmoid(z(0)) * tanh(z(2))
        state[u] = sigmoid(z(3)) * tanh(cell[u])
      case .gru:
        recurrent[2 * units + u] += p[names[3]]![u]
        let n = tanh(inputs[2 * units + u] + sigmoid(z(0)) * recurrent[2 * units + u])
        state[u] = (1 - sigmoid(z(1))) * n + sigmoid(z(1)) * h[u]
      }
    }
    return Step(
      inputs: inputs, recurrent: recurrent, before: h, state: state, cellBefore: c, cell: cell)
  }

  private func run(_ row: ArraySlice<Double>, _ parameters: [String: [Double]]) -> [Step] {
    let zero = [Double](repeating: 0, count: units)
    var result: [Step] = []
    for t in 0..<steps {
      let first = row.startIndex + t * features
      result.append(
        step(
          Array(row[first..<first + features]), result.last?.state ?? zero,
          result.last?.cell ?? zero, parameters))
    }
    return result
  }

  func forward(_ inputs: [[Double]], _ parameters: [String: [Double]]) -> [Double] {
    rows(inputs[0], steps * features).flatMap { row in
      let states = run(row[...], parameters).map(\.state)
      return isSequence ? states.flatMap { $0 } : states.last!
    }
  }

  func backward(
    _ inputs: [[Double]], _ output: [Double], _ upstream: [Double],
    _ parameters: [String: [Double]]
  ) -> Pullback {
    var gradients: [String: [Double]] = [:]
    for name in names { gradients[name] = parameters[name].map { $0.map { _ in 0 } } }
    var dx: [Double] = []
    let perRow = isSequence ? steps * units : units
    for (index, row) in rows(inputs[0], steps * features).enumerated() {
      let wanted = Array(upstream[index * perRow..<(index + 1) * perRow])
      dx += backward(row, wanted, parameters, &gradients)
    }
    return Pullback(inputs: [dx], parameters: gradients)
  }

  /// One row, the last step first.
  private func backward(
    _ row: [Double], _ wanted: [Double], _ parameters: [String: [Double]],
    _ gradients: inout [String: [Double]]
  ) -> [Double] {
    let steps = run(row[...], parameters)
    let zero = [Double](repeating: 0, count: units)
    var dx = row.map { _ in 0.0 }
    var (dh, dc) = (zero, zero)
    for t in steps.indices.reversed() {
      if isSequence || t == steps.count - 1 {
        let first = isSequence ? t * units : 0
        for u in 0..<units { dh[u] += wanted[first + u] }
      }
      let pulled = pull(steps[t], dh, dc)
      add(outer(pulled.inputs, Array(row[t * features..<(t + 1) * features])), names[0])
      add(outer(pulled.recurrent, steps[t].before), names[1])
      add(pulled.inputs, names[2])
      if case .gru = kind { add(Array(pulled.recurrent[(2 * units)...]), names[3]) }
      for (i, value) in pulledBack(parameters[names[0]]!, pulled.inputs).enumerated() {
        dx[t * features + i] = value
      }
      let flows = t > 0 && (steps.count - t) % span != 0
      let carried = pulledBack(parameters[names[1]]!, pulled.recurrent)
      dh = flows ? zip(carried, pulled.before).map { $0 + $1 } : zero
      dc = flows ? pulled.cell : zero
    }
    return dx

    func add(_ values: [Double], _ name: String) {
      for index in values.indices { gradients[name]![index] += values[index] }
    }
  }

  /// Gradients of both pre-activations, what reaches the state before around them, and the cell's.
  private func pull(_ step: Step, _ dh: [Double], _ dc: [Double]) -> (
    inputs: [Double], recurrent: [Double], before: [Double], cell: [Double]
  ) {
    var inputs = [Double](repeating: 0, count: gates * units)
    var recurrent = inputs
    var (before, cell) = (dh.map { _ in 0.0 }, dc)
    for u in 0..<units {
      func z(_ gate: Int) -> Double {
        step.inputs[gate * units + u] + step.recurrent[gate * units + u]
      }
      func set(_ gate: Int, _ value: Double) {
        inputs[gate * units + u] = value
        recurrent[gate * units + u] = value
      }
      switch kind {
      case .plain(let formula): set(0, dh[u] * formula.slope(z(0)))
      case .lstm:
        let (i, f, g, o) = (sigmoid(z(0)), sigmoid(z(1)), tanh(z(2)), sigmoid(z(3)))
        let d = dc[u] + dh[u] * o / pow(cosh(step.cell[u]), 2)
        set(0, d * g * i * (1 - i))
        set(1, d * step.cellBefore[u] * f * (1 - f))
        set(2, d * i * (1 - g * g))
        set(3, dh[u] * tanh(step.cell[u]) * o * (1 - o))
        cell[u] = d * f
      case .gru:
        let (r, keep, inner) = (sigmoid(z(0)), sigmoid(z(1)), step.recurrent[2 * units + u])
        let n = tanh(step.inputs[2 * units + u] + r * inner)
        let dn = dh[u] * (1 - keep) * (1 - n * n)
        set(0, dn * inner * r * (1 - r))
        set(1, dh[u] * (step.before[u] - n) * keep * (1 - keep))
        inputs[2 * units + u] = dn
        recurrent[2 * units + u] = dn * r
        before[u] = dh[u] * keep
      }
    }
    return (inputs, recurrent, before, cell)
  }

  // MARK: matrices

  private func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

  private func product(_ matrix: [Double], _ x: [Double]) -> [Double] {
    rows(matrix, x.count).map { row in zip(row, x).reduce(0) { $0 + $1.0 * $1.1 } }
  }

  private func pulledBack(_ matrix: [Double], _ y: [Double]) -> [Double] {
    let columns = matrix.count / y.count
    return (0..<columns).map { column in
      y.indices.reduce(0) { $0 + matrix[$1 * columns + column] * y[$1] }
    }
  }

  private func outer(_ y: [Double], _ x: [Double]) -> [Double] {
    y.flatMap { y in x.map { y * $0 } }
  }
}
