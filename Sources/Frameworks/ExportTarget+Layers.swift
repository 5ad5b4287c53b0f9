import KeelNetworks
import KeelRecipes
import KeelSettings

// Layers, as they are made elsewhere.

extension ExportTarget {
  /// An activation or a normalisation as it is made there; `...` for what has no counterpart.
  func layer(_ choice: Choice<Layers>) -> String {
    switch choice.ingredient {
    case let norm as BatchNorm: return batchNorm(norm)
    case is LayerNorm where self == .keras: return "keras.layers.LayerNormalization()"
    default:
      guard let template = templates[choice.name] else { return "..." }
      let setting = choice.written?[choice.name].flatMap(Self.firstNumber)
      return template.replacing("%", with: setting.map { "\($0)" } ?? "")
    }
  }

  /// PyTorch's momentum and Keel's is the share of the newest batch.
  /// - Parameters:
  ///   - features: how many there are, as PyTorch wants to know.
  ///   - isImage: whether they are channels of pixels.
  func batchNorm(_ norm: BatchNorm, features: String = "", isImage: Bool = false) -> String {
    switch self {
    case .pytorch:
      let settings =
        norm == BatchNorm() ? [] : ["momentum=\(norm.momentum)", "eps=\(norm.epsilon)"]
      return Self.call("nn.BatchNorm\(isImage ? 2 : 1)d", [features] + settings)
    case .keras:
      return Self.call(
        "keras.layers.BatchNormalization",
        ["momentum=\(momentum(of: norm))", "epsilon=\(norm.epsilon)"])
    }
  }

  /// Keras's is the share that is kept, to the digits that a person would write.
  func momentum(of norm: BatchNorm) -> Double {
    self == .pytorch ? norm.momentum : ((1 - norm.momentum) * 1e9).rounded() / 1e9
  }

  /// What is made of PyTorch's `child` or Keras's `layer`, where one layer gives way to another.
  ///
  /// Nil where these two do not.
  func made(for old: Choice<Layers>, _ new: Choice<Layers>) -> String? {
    switch (old.ingredient, new.ingredient) {
    case (is Recurrent, is any Recurrence):
      let cell = new.name.uppercased()
      switch self {
      case .pytorch:
        return "nn.\(cell)(*sizes, batch_first=child.batch_first)"
      case .keras:
        return "keras.layers.\(cell)(layer.units, return_sequences=layer.return_sequences)"
      }
    case (is BatchNorm, is LayerNorm):
      return self == .pytorch
        ? "nn.LayerNorm(child.num_features)" : "keras.layers.LayerNormalization()"
    default: return nil
    }
  }

  static func snake(_ name: String) -> String {
    name.split(separator: "-").joined(separator: "_")
  }

  private static func firstNumber(_ settings: Settings) -> Double? {
    guard case .map(let entries) = settings.node else { return nil }
    return entries.first?.value.number
  }

  /// `%` stands for the first setting.
  var templates: [String: String] {
    switch self {
    case .pytorch:
      [
        "linear": "nn.Identity()", "relu": "nn.ReLU()", "leaky-relu": "nn.LeakyReLU(%)",
        "prelu": "nn.PReLU(init=%)", "elu": "nn.ELU(%)", "selu": "nn.SELU()",
        "gelu": "nn.GELU()", "silu": "nn.SiLU()", "softplus": "nn.Softplus(%)",
        "sigmoid": "nn.Sigmoid()", "tanh": "nn.Tanh()", "hard-tanh": "nn.Hardtanh()",
        "softmax": "nn.Softmax(dim=-1)", "dropout": "nn.Dropout(%)", "flatten": "nn.Flatten()",
      ]
    case .keras:
      Dictionary(
        uniqueKeysWithValues: [
          "linear", "relu", "selu", "gelu", "silu", "softplus", "sigmoid", "tanh", "hard-tanh",
          "exponential", "softmax",
        ].map { ($0, "keras.layers.Activation(\"\(Self.snake($0))\")") }
      ).merging([
        "leaky-relu": "keras.layers.LeakyReLU(negative_slope=%)",
        "prelu": "keras.layers.PReLU(alpha_initializer=keras.initializers.Constant(%))",
        "elu": "keras.layers.ELU(alpha=%)", "dropout": "keras.layers.Dropout(%)",
        "flatten": "keras.layers.Flatten()",
      ]) { $1 }
    }
  }
}
