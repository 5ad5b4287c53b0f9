import Foundation
import KeelEngine
import KeelNetworks

extension Dense: Propagating {
  /// z = x Wᵀ + b: σ²·fan-in both ways, and σ_b² forwards.
  package func propagate(in path: inout Propagation) {
    let layer = path.name(Self.name)
    let rule = initializer.value?.member ?? path.initializer
    let fan = Fan(input: path.shape.last, output: units)
    let gain = path.logGain(of: rule, fan, inputs: Double(fan.input))
    path.isExact = path.isExact && rule.isCentered
    path.multiply(gain: gain, bias: bias ? (biasRule(rule), fan) : nil)
    path.shape = path.shape.replacingLast(with: units)
    path.record(layer, logWeightGain: gain)
    (activation.ingredient as? any Propagating)?.propagate(in: &path)
  }
}
