import KeelNetworks
import KeelSettings

// What kinds of layers are called elsewhere.

extension ExportTarget {
  /// The class of a kind of layer, by its name in a recipe; nil for one that has no counterpart.
  func kind(_ name: String) -> String? {
    switch self {
    case .pytorch: Self.pytorchKinds[name].map { "nn.\($0)" } ?? activationKind(name)
    case .keras: Self.kerasKinds[name].map { "keras.layers.\($0)" }
    }
  }

  /// A list of the layers of a kind, and the line that makes it.
  /// - Parameter hasAttention: an attention's output layer counts among PyTorch's linear ones.
  func list(of name: String, hasAttention: Bool = false) -> (name: String, line: String)? {
    guard let test = test(for: name, hasAttention: hasAttention) else { return nil }
    let list = Self.lists[name] ?? "found"
    let all = self == .pytorch ? "model.modules()" : "layers_of(model)"
    return (list, "\(list) = [m for m in \(all) if \(test)]")
  }

  /// Whether `m` is a layer of a kind, in Python.
  func test(for name: String, hasAttention: Bool = false) -> String? {
    kind(name).map {
      self == .pytorch && hasAttention && name == Dense.name
        ? "type(m) is \($0)" : "isinstance(m, \($0))"
    }
  }

  /// `nn.ReLU`; nil for what PyTorch has no module for.
  private func activationKind(_ name: String) -> String? {
    templates[name].flatMap { $0.split(separator: "(").first.map(String.init) }
  }

  private static let lists = [
    "dense": "linears", "conv2d": "convolutions", "recurrent": "recurrences", "lstm": "lstms",
    "gru": "grus", "embedding": "embeddings", "attention": "attentions",
    "batch-norm": "batch_norms", "layer-norm": "layer_norms", "rms-norm": "rms_norms",
    "group-norm": "group_norms",
  ]

  private static let pytorchKinds = [
    "dense": "Linear", "conv2d": "Conv2d", "recurrent": "RNN", "lstm": "LSTM", "gru": "GRU",
    "embedding": "Embedding", "attention": "MultiheadAttention",
    "batch-norm": "modules.batchnorm._BatchNorm", "layer-norm": "LayerNorm", "rms-norm": "RMSNorm",
    "group-norm": "GroupNorm",
  ]

  private static let kerasKinds = [
    "dense": "Dense", "conv2d": "Conv2D", "recurrent": "SimpleRNN", "lstm": "LSTM", "gru": "GRU",
    "embedding": "Embedding", "attention": "MultiHeadAttention",
    "batch-norm": "BatchNormalization", "layer-norm": "LayerNormalization",
    "rms-norm": "RMSNormalization", "group-norm": "GroupNormalization",
  ]
}
