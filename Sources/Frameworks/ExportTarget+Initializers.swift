import KeelNetworks
import KeelSettings

// Initial weights, as they are drawn elsewhere.

extension ExportTarget {
  /// How the weights of `layer` are drawn in PyTorch, how an initializer is called in Keras; nil
  /// for a rule that neither has.
  package func initializer(_ rule: any Initializer) -> String? {
    guard let rule = rule as? any VarianceScaling else { return nil }
    let distribution = rule.distribution.rawValue
    switch (self, rule) {
    case (.pytorch, is He): return Self.kaiming(distribution, "relu")
    // PyTorch's `kaiming` with the gain of a linear layer is LeCun's.
    case (.pytorch, is LeCun): return Self.kaiming(distribution, "linear")
    case (.pytorch, _): return "nn.init.xavier_\(distribution)_(layer.weight)"
    case (.keras, is He): return "he_\(distribution)"
    case (.keras, is LeCun): return "lecun_\(distribution)"
    case (.keras, _): return "glorot_\(distribution)"
    }
  }

  private static func kaiming(_ distribution: String, _ nonlinearity: String) -> String {
    "nn.init.kaiming_\(distribution)_(layer.weight, nonlinearity=\"\(nonlinearity)\")"
  }
}
