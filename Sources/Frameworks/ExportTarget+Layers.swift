import KeelNetworks
import KeelRecipes
import KeelSettings

// Layers, as they are made elsewhere.

extension ExportTarget {
  /// A layer as it is made there; `...` for what has no counterpart.
  package func layer(_ choice: Choice<Layers>) -> String {
    switch choice.ingredient {
    case let dense as Dense: return self.dense(dense)
    case let norm as BatchNorm: return batchNorm(norm)
    default:
      guard let template = templates[choice.name] else { return "..." }
      let setting = choice.written?[choice.name].flatMap(Self.firstNumber)
      return template.replacing("%", with: setting.map { "\($0)" } ?? "")
    }
  }

  /// A dense layer and its own activation; PyTorch's finds out how many inputs it has.
  /// - Parameter extra: further arguments.
  package func dense(_ dense: Dense, _ extra: [String] = []) -> String {
    let activation = Choice<Layers>(dense.activation.ingredient)
    let isLinear = dense.activation == .linear
    switch self {
    case .pytorch:
      let bias = dense.bias ? [] : ["bias=False"]
      let layer = Self.call("nn.LazyLinear", ["\(dense.units)"] + bias + extra)
      return isLinear ? layer : "\(layer), \(self.layer(activation))"
    case .keras:
      let name = isLinear ? [] : ["activation=\"\(Self.snake(activation.name))\""]
      let bias = dense.bias ? [] : ["use_bias=False"]
      return Self.call("keras.layers.Dense", ["\(dense.units)"] + name + bias + extra)
    }
  }

  /// Keras's momentum is the share that is kept, PyTorch's and Keel's that of the newest batch.
  /// - Parameter features: where they are known; PyTorch finds out otherwise.
  package func batchNorm(_ norm: BatchNorm, features: Int? = nil) -> String {
    switch self {
    case .pytorch:
      let settings =
        norm == BatchNorm() ? [] : ["momentum=\(norm.momentum)", "eps=\(norm.epsilon)"]
      guard let features else { return Self.call("nn.LazyBatchNorm1d", settings) }
      return Self.call("nn.BatchNorm1d", ["\(features)"] + settings)
    case .keras:
      return Self.call(
        "keras.layers.BatchNormalization",
        ["momentum=\(1 - norm.momentum)", "epsilon=\(norm.epsilon)"])
    }
  }

  /// One line a run of dense layers, and which they are.
  package func denseLines(of recipe: Recipe, _ line: (DenseSite) -> String?) -> [String] {
    recipe.denseRuns(line).map { "\($0.line)  # \($0.names)" }
  }

  /// What comes before lines that count dense layers; others with weights are not written out.
  package func denseComment(in recipe: Recipe, _ more: String = "") -> String {
    let others = Set(recipe.leaves.filter { $0.ingredient is any Affine }.map(\.name))
      .subtracting([Dense.name]).sorted().joined(separator: " and ")
    return "# dense-1 is the first \(self == .pytorch ? "nn.Linear" : "keras.layers.Dense")\(more)"
      + (others.isEmpty ? "" : "; \(others) in the same way")
  }

  package static func snake(_ name: String) -> String {
    name.split(separator: "-").joined(separator: "_")
  }

  private static func firstNumber(_ settings: Settings) -> Double? {
    guard case .map(let entries) = settings.node else { return nil }
    return entries.first?.value.number
  }

  /// `%` stands for the first setting.
  private var templates: [String: String] {
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
