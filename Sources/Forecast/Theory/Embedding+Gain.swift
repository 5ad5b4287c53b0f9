import Foundation
import KeelEngine
import KeelNetworks

extension Embedding: Propagating {
  /// A row of the table has the size it was drawn with, whatever the ids.
  ///
  /// Two rows of data are taken to share no token; they share the vector of each place.
  package func propagate(in path: inout Propagation) {
    let layer = path.name(Self.name)
    let time = path.shape.count
    let rule = path.initializer.rule(for: .embedding)
    let token = 2 * log(rule.std(Fan(input: units, output: tokens)))
    let place = positions ? 2 * log(rule.std(Fan(input: units, output: time))) : -.infinity
    let square = logSum(token, place)
    let shared = exp(place - square)
    path.signal = SignalMoments(logSquare: square, correlation: shared.isFinite ? shared : 0)
    path.shape = Shape(time, units)
    path.isExact = rule.isCentered
    // As the product of one-hot rows that it stands for.
    let gain = token + log(Double(tokens))
    path.append(factor: gain)
    path.record(layer, logWeightGain: gain)
  }
}
