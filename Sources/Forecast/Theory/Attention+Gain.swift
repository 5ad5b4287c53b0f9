import Foundation
import KeelNetworks

/// Attention at initialisation, about: scores are normal and independent of the values, and so are
/// the vectors along a row, but for what they have in common.
///
/// **Definition** With g = σ²·units of one projection, q the mean square of its input and ρ the
/// part of it that the times of a row share: scores have variance v = (g q)²(1 − ρ), or 1 − ρ where
/// queries and keys are normalised; S and D, the means over queries, are how unequal the weights
/// of the softmax are, and its slopes (`SoftmaxMoments`). Forwards g²(ρ + (1 − ρ)S). Backwards
/// g² (S + 2 D (g q)² (1 − ρ)): through the values, and through queries and keys; where those are
/// normalised g² (S + 2 D (1 − ρ)).
///
/// Not exact: times share tokens, and gradients of neighbouring times are alike. A measured batch,
/// where there is one, is shown in its place.
extension Attention: Propagating {
  package func propagate(in path: inout Propagation) {
    let layer = path.name(Self.name)
    let (times, units) = (path.shape.leading, path.shape.last)
    let projection = 2 * log(path.initializer.std(Fan(input: units, output: units)))
    let gain = projection + log(Double(units))
    let shared = min(1, max(0, path.signal.correlation))
    // ln of g q: the mean square of queries, keys and values.
    let inner = gain + path.signal.logSquare
    let logVariance = normalize ? 0 : 2 * inner
    let sums = sums(variance: exp(min(logVariance, 10)) * (1 - shared), times: times)

    let throughScores = log(2 * sums.slope * (1 - shared)) + logVariance
    path.append(factor: 2 * gain + logSum(log(sums.square), throughScores))
    let kept = logSum(log(shared), log(1 - shared) + log(sums.square))
    path.signal = SignalMoments(
      logSquare: gain + inner + kept, correlation: exp(log(shared) - kept))
    path.isExact = false
    path.record(layer, logWeightGain: gain)
  }

  /// S and D, the means over queries.
  private func sums(variance: Double, times: Int) -> (square: Double, slope: Double) {
    let moments = SoftmaxMoments(variance: variance, largest: times)
    guard causal else { return moments.sums(over: times) }
    // Query t sees t keys; of many, a hundred are enough to tell the mean.
    let sampled = stride(from: 1, through: times, by: max(1, times / 100)).map {
      moments.sums(over: $0)
    }
    let count = Double(sampled.count)
    return sampled.reduce((0, 0)) { ($0.0 + $1.square / count, $0.1 + $1.slope / count) }
  }
}
