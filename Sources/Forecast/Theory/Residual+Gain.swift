import Foundation
import KeelEngine
import KeelNetworks

extension Residual: Propagating {
  /// y = x + f(x): squares add where f ends in fresh weights; where both have a mean over units,
  /// twice its product besides.
  ///
  /// Backwards 1 + the branch's gain. A projection is a product of its own.
  package func propagate(in path: inout Propagation) {
    let layer = path.name(Self.name)
    var before = path.signal
    let (factor, branch, shape) = path.branch(layers)
    let fan = Fan(input: path.shape.last, output: shape.last)
    let gain =
      shortcut == .projection ? 2 * log(path.initializer.std(fan)) + log(Double(fan.input)) : 0
    if shortcut == .projection {
      (before.logSquare, before.mean) = (before.logSquare + gain, 0)
      path.isExact = path.isExact && path.initializer.isCentered
      path.shape = shape
    }
    path.append(factor: logSum(gain, factor))
    path.bypass(Self.name, logGain: logSum(gain, factor) - gain)
    let middle = (before.logSquare + branch.logSquare) / 2
    let product = 2 * before.mean * branch.mean
    let sum = logSum(before.logSquare, branch.logSquare)
    // Relative to the sum of squares, so that nothing overflows; two means never cancel it wholly.
    let cross = 1 + product * exp(middle - sum)
    var signal = SignalMoments(logSquare: sum + log(max(cross, 1e-6)), correlation: 0)
    func part(_ one: SignalMoments) -> Double { exp(one.logSquare - signal.logSquare) }
    signal.mean =
      before.mean * part(before).squareRoot() + branch.mean * part(branch).squareRoot()
    signal.correlation =
      before.correlation * part(before) + branch.correlation * part(branch)
      + product * exp(middle - signal.logSquare)
    path.signal = signal
    if shortcut == .projection { path.record(layer, logWeightGain: gain) }
  }
}
