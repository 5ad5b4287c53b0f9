import KeelNetworks
import KeelSettings

// Initial weights, as they are drawn elsewhere.

extension ExportTarget {
  /// The PyTorch statements that draw `weight` by a rule; nil for a rule that it does not have.
  func drawing(_ rule: any Initializer, into weight: String) -> [String]? {
    func draw(_ function: String, _ arguments: String...) -> [String] {
      [Self.call("nn.init.\(function)_", [weight] + arguments)]
    }
    switch rule {
    case let rule as any VarianceScaling:
      return [pytorch(rule, weight)]
        + (rule.scale == 1 ? [] : ["\(weight).data.mul_(\(rule.scale))"])
    case let rule as Normal: return draw("normal", "mean=\(rule.mean)", "std=\(rule.std)")
    case let rule as TruncatedNormal:
      return draw(
        "trunc_normal", "mean=\(rule.mean)", "std=\(rule.std)", "a=\(rule.mean - 2 * rule.std)",
        "b=\(rule.mean + 2 * rule.std)")
    case let rule as Uniform: return draw("uniform", "-\(rule.limit)", "\(rule.limit)")
    case let rule as Constant: return draw("constant", "\(rule.value)")
    case is Zeros: return draw("zeros")
    case let rule as Orthogonal:
      return rule.gain == 1 ? draw("orthogonal") : draw("orthogonal", "gain=\(rule.gain)")
    case is Identity: return draw("eye")
    case is PyTorch: return draw("kaiming_uniform", "a=5**0.5")
    default: return nil
    }
  }

  /// PyTorch divides by one fan or the other in `kaiming`, by both in `xavier`.
  private func pytorch(_ rule: any VarianceScaling, _ weight: String) -> String {
    let distribution = rule.distribution.rawValue
    let gain = type(of: rule).gain
    guard rule.mode != .fanAverage else {
      return Self.call(
        "nn.init.xavier_\(distribution)_",
        [weight] + (gain == 1 ? [] : ["gain=\(gain)**0.5"]))
    }
    // With the gain of a linear layer it is LeCun's.
    return Self.call(
      "nn.init.kaiming_\(distribution)_",
      [weight] + (rule.mode == .fanOut ? ["mode=\"fan_out\""] : [])
        + ["nonlinearity=\"\(gain == 1 ? "linear" : "relu")\""])
  }

  /// A rule as an argument of a Keras layer; nil for one that Keras does not have.
  func kerasInitializer(_ rule: any Initializer) -> String? {
    switch rule {
    case let rule as any VarianceScaling: return keras(rule)
    case let rule as Normal:
      return "keras.initializers.RandomNormal(mean=\(rule.mean), stddev=\(rule.std))"
    case let rule as TruncatedNormal:
      return "keras.initializers.TruncatedNormal(mean=\(rule.mean), stddev=\(rule.std))"
    case let rule as Uniform:
      return "keras.initializers.RandomUniform(-\(rule.limit), \(rule.limit))"
    case let rule as Constant: return "keras.initializers.Constant(\(rule.value))"
    case is Zeros: return "keras.initializers.Zeros()"
    case let rule as Orthogonal:
      return "keras.initializers.Orthogonal(\(rule.gain == 1 ? "" : "\(rule.gain)"))"
    case is Identity: return "keras.initializers.Identity()"
    case is PyTorch:
      return "keras.initializers.VarianceScaling(1 / 3, \"fan_in\", \"uniform\")"
    default: return nil
    }
  }

  private func keras(_ rule: any VarianceScaling) -> String {
    let names: [(any VarianceScaling.Type, FanMode, String)] = [
      (He.self, .fanIn, "He"), (LeCun.self, .fanIn, "Lecun"), (Xavier.self, .fanAverage, "Glorot"),
    ]
    let name = names.first { $0.0 == type(of: rule) && $0.1 == rule.mode }?.2
    if let name, rule.scale == 1 {
      return "keras.initializers.\(name)\(rule.distribution == .normal ? "Normal" : "Uniform")()"
    }
    let mode = ["fan-in": "fan_in", "fan-out": "fan_out", "fan-average": "fan_avg"]
    let gain = type(of: rule).gain
    let factors = (gain == 1 ? [] : ["\(gain)"]) + (rule.scale == 1 ? [] : ["\(rule.scale)**2"])
    let variance = factors.isEmpty ? "1" : factors.joined(separator: " * ")
    return Self.call(
      "keras.initializers.VarianceScaling",
      [
        variance, "\"\(mode[rule.mode.rawValue] ?? "")\"",
        rule.distribution == .normal ? "\"untruncated_normal\"" : "\"uniform\"",
      ])
  }
}
