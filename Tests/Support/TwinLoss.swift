import Foundation
import KeelNetworks
import KeelRecipes

/// The mean loss of a batch and its gradient with respect to the outputs, in Double, as the losses'
/// documentation writes them; `rows` counts every position of every row.
public func twinLoss(
  _ loss: any Loss, outputs: [Double], targets: [Double], rows count: Int
) -> (loss: Double, gradient: [Double]) {
  precondition(outputs.count == targets.count && outputs.count % count == 0)
  let columns = outputs.count / count
  switch loss {
  case is SoftmaxCrossEntropy: return byRow(outputs, targets, columns, softmaxCrossEntropy)
  case is CrossEntropy: return byRow(outputs, targets, columns, crossEntropy)
  case is SigmoidCrossEntropy:
    return byElement(outputs, targets) { y, t in
      let p = 1 / (1 + exp(-y))
      return (max(y, 0) - y * t + log1p(exp(-abs(y))), p - t)
    }
  case is BinaryCrossEntropy:
    return byElement(outputs, targets) { y, t in
      let (p, passes) = clipped(y)
      return (-t * log(p) - (1 - t) * log(1 - p), passes ? (1 - t) / (1 - p) - t / p : 0)
    }
  case is MeanSquaredError:
    return byElement(outputs, targets) { y, t in ((y - t) * (y - t), 2 * (y - t)) }
  case is MeanAbsoluteError:
    return byElement(outputs, targets) { y, t in (abs(y - t), y == t ? 0 : (y - t) / abs(y - t)) }
  case is Poisson:
    return byElement(outputs, targets) { y, t in (exp(y) - t * y, exp(y) - t) }
  case let huber as Huber:
    let delta = huber.delta
    return byElement(outputs, targets) { y, t in
      let d = y - t
      if abs(d) <= delta { return (d * d / 2, d) }
      return (delta * (abs(d) - delta / 2), d > 0 ? delta : d < 0 ? -delta : .nan)
    }
  default: preconditionFailure("the twin does not know \(loss)")
  }
}

/// A probability clipped to [1e-7, 1 − 1e-7], and whether the clip lets a gradient pass. A NaN
/// stays.
///
/// The limits are float32's, as in Keras: the upper one is 1 − 1.19e-7.
private func clipped(_ p: Double) -> (p: Double, passes: Bool) {
  let (low, high) = (Double(Float(1e-7)), Double(1 - Float(1e-7)))
  if p <= low { return (low, false) }
  if p >= high { return (high, false) }
  return (p, true)
}

private func softmaxCrossEntropy(_ y: [Double], _ t: [Double]) -> (Double, [Double]) {
  let largest = y.contains { $0.isNaN } ? .nan : y.max()!
  let logSum = largest + log(y.reduce(0) { $0 + exp($1 - largest) })
  var loss = 0.0
  for (y, t) in zip(y, t) where t != 0 { loss -= t * (y - logSum) }
  let mass = t.reduce(0, +)
  return (loss, zip(softmax(y), t).map { mass * $0 - $1 })
}

/// −Σ t·log clip(y/Σy), by the chain rule through clip and quotient.
private func crossEntropy(_ y: [Double], _ t: [Double]) -> (Double, [Double]) {
  let sum = y.reduce(0, +)
  let p = y.map { $0 / sum }
  var loss = 0.0
  var slopes: [Double] = []
  for (p, t) in zip(p, t) {
    let (clip, passes) = clipped(p)
    loss -= t * log(clip)
    slopes.append(passes ? -t / clip : 0 * p)
  }
  let gradient = y.indices.map { k in
    y.indices.reduce(0) { $0 + slopes[$1] * (($1 == k ? 1 : 0) - p[$1]) / sum }
  }
  return (loss, gradient)
}

private func byRow(
  _ outputs: [Double], _ targets: [Double], _ columns: Int,
  _ row: ([Double], [Double]) -> (Double, [Double])
) -> (loss: Double, gradient: [Double]) {
  let results = zip(rows(outputs, columns), rows(targets, columns)).map { row($0, $1) }
  let count = Double(results.count)
  return (
    results.reduce(0) { $0 + $1.0 } / count, results.flatMap { $0.1 }.map { $0 / count }
  )
}

private func byElement(
  _ outputs: [Double], _ targets: [Double], _ element: (Double, Double) -> (Double, Double)
) -> (loss: Double, gradient: [Double]) {
  let results = zip(outputs, targets).map { element($0, $1) }
  let count = Double(results.count)
  return (results.reduce(0) { $0 + $1.0 } / count, results.map { $0.1 / count })
}
