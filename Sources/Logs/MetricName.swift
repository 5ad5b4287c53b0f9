/// What a number that somebody logged is of the training, read off the name it was logged under:
/// `train/loss`, `grad_norm`, `learning-rate`.
public enum MetricName: String, CaseIterable, Sendable {
  case loss
  case gradientNorm = "gradient-norm"
  case learningRate = "learning-rate"

  /// The names that Lightning, Hugging Face, Keras and PyTorch programs give them, without the part
  /// of the data that they are of; the first is the usual one.
  private var names: [String] {
    switch self {
    case .loss: ["loss", "loss-step", "batch-loss", "total-loss", "loss-epoch", "epoch-loss"]
    case .gradientNorm:
      ["grad-norm", "gradient-norm", "gradnorm", "grad-norm-total", "grad-2-0-norm-total", "gnorm"]
    case .learningRate: ["lr", "learning-rate", "learningrate"]
    }
  }

  /// Words before a name that say nothing of another part of the data.
  private static let parts: Set<String> = ["train", "training", "optimizer", "opt", "model"]

  /// The name among those logged that means this; nil where none does, or all are of the
  /// validation.
  public func match(in logged: some Collection<String>) -> String? {
    // Of two that differ in capitals the plain one.
    let candidates = logged.compactMap { name in
      rank(name).map { ($0, name == name.lowercased() ? 0 : 1, name) }
    }
    return candidates.min { $0 < $1 }?.2
  }

  /// How usual a name is for this, from 0; nil where it means something else.
  private func rank(_ logged: String) -> Int? {
    var words = logged.lowercased().split { "/_ .:-".contains($0) }.map(String.init)
    while let first = words.first, Self.parts.contains(first) { words.removeFirst() }
    let name = words.joined(separator: "-")
    if let place = names.firstIndex(of: name) { return place }
    // Lightning's monitor: `lr-Adam`, `lr-SGD/pg1`.
    return self == .learningRate && words.first == "lr" ? names.count : nil
  }
}
