import Foundation
import KeelNetworks
import KeelRecipes

/// f and f′ of one number, in Double.
public struct Formula: Sendable {
  public let value: @Sendable (Double) -> Double
  public let slope: @Sendable (Double) -> Double

  init(
    _ value: @escaping @Sendable (Double) -> Double, _ slope: @escaping @Sendable (Double) -> Double
  ) {
    (self.value, self.slope) = (value, slope)
  }
}

private func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
private func normalDistribution(_ x: Double) -> Double { erfc(-x / 2.0.squareRoot()) / 2 }
private func normalDensity(_ x: Double) -> Double { exp(-x * x / 2) / (2 * Double.pi).squareRoot() }

/// The formula of an activation that treats every element alike, as its documentation writes it.
/// Slopes at a kink are PyTorch's.
public func formula(of activation: any Activation) -> Formula {
  switch activation {
  case is ReLU: return Formula({ $0 > 0 ? $0 : 0 }, { $0 > 0 ? 1 : 0 })
  case let leaky as LeakyReLU: return bend(leaky.slope)
  case let elu as ELU: return eluFormula(elu.alpha, scale: 1)
  case is SELU: return eluFormula(1.6732632423543772, scale: 1.0507009873554805)
  case is GELU:
    return Formula(
      { $0 * normalDistribution($0) }, { normalDistribution($0) + $0 * normalDensity($0) })
  case is SiLU:
    return Formula(
      { $0 * sigmoid($0) }, { sigmoid($0) + $0 * sigmoid($0) * sigmoid(-$0) })
  case let softplus as Softplus:
    let beta = softplus.beta
    return Formula(
      { max($0, 0) + log1p(exp(-abs(beta * $0))) / beta }, { sigmoid(beta * $0) })
  case is Sigmoid: return Formula(sigmoid, { sigmoid($0) * sigmoid(-$0) })
  case is Tanh: return Formula({ tanh($0) }, { 1 / (cosh($0) * cosh($0)) })
  case is HardTanh: return Formula({ min(max($0, -1), 1) }, { abs($0) < 1 ? 1 : 0 })
  case is Exponential: return Formula({ exp($0) }, { exp($0) })
  case is Linear: return Formula({ $0 }, { _ in 1 })
  default: preconditionFailure("\(activation) does not treat every element alike")
  }
}

private func bend(_ slope: Double) -> Formula {
  Formula({ $0 > 0 ? $0 : slope * $0 }, { $0 > 0 ? 1 : slope })
}

private func eluFormula(_ alpha: Double, scale: Double) -> Formula {
  Formula(
    { scale * ($0 > 0 ? $0 : alpha * expm1($0)) }, { scale * ($0 > 0 ? 1 : alpha * exp($0)) })
}

struct ElementwiseTwin: TwinLayer {
  let formula: Formula

  func forward(_ inputs: [[Double]], _ parameters: [String: [Double]]) -> [Double] {
    inputs[0].map(formula.value)
  }

  func backward(
    _ inputs: [[Double]], _ output: [Double], _ upstream: [Double],
    _ parameters: [String: [Double]]
  ) -> Pullback { Pullback(inputs: [zip(inputs[0], upstream).map { formula.slope($0) * $1 }]) }
}

/// Leaky ReLU with a parameter for its slope.
struct PReLUTwin: TwinLayer {
  let slope: String

  func forward(_ inputs: [[Double]], _ parameters: [String: [Double]]) -> [Double] {
    inputs[0].map(bend(parameters[slope]![0]).value)
  }

  func backward(
    _ inputs: [[Double]], _ output: [Double], _ upstream: [Double],
    _ parameters: [String: [Double]]
  ) -> Pullback {
    let formula = bend(parameters[slope]![0])
    var sum = 0.0
    for (x, g) in zip(inputs[0], upstream) where x < 0 { sum += g * x }
    return Pullback(
      inputs: [zip(inputs[0], upstream).map { formula.slope($0) * $1 }],
      parameters: [slope: [sum]])
  }
}

/// yᵢ = exp(xᵢ − max x)/Σ exp(xⱼ − max x), row by row; dxⱼ = Σᵢ gᵢ yᵢ (δᵢⱼ − yⱼ).
struct SoftmaxTwin: TwinLayer {
  let columns: Int

  func forward(_ inputs: [[Double]], _ parameters: [String: [Double]]) -> [Double] {
    rows(inputs[0], columns).flatMap(softmax)
  }

  func backward(
    _ inputs: [[Double]], _ output: [Double], _ upstream: [Double],
    _ parameters: [String: [Double]]
  ) -> Pullback {
    var gradients: [Double] = []
    for (y, g) in zip(rows(output, columns), rows(upstream, columns)) {
      for j in 0..<columns {
        var sum = 0.0
        for i in 0..<columns { sum += g[i] * y[i] * ((i == j ? 1 : 0) - y[j]) }
        gradients.append(sum)
      }
    }
    return Pullback(inputs: [gradients])
  }
}

func rows(_ values: [Double], _ columns: Int) -> [[Double]] {
  stride(from: 0, to: values.count, by: columns).map { Array(values[$0..<$0 + columns]) }
}

func softmax(_ row: [Double]) -> [Double] {
  let largest = row.contains { $0.isNaN } ? .nan : row.max()!
  let terms = row.map { exp($0 - largest) }
  let sum = terms.reduce(0, +)
  return terms.map { $0 / sum }
}
