import KeelNetworks
import KeelSettings

// Losses, as they are made elsewhere.

extension ExportTarget {
  /// Whether there is such a loss.
  static func has(_ loss: Choice<Losses>) -> Bool {
    loss.ingredient is Huber || loss.ingredient is SoftmaxCrossEntropy
      || loss.ingredient is SigmoidCrossEntropy || loss.ingredient is MeanSquaredError
  }

  /// What makes a loss on the outputs that Keel means it for; none for one that has no
  /// counterpart.
  func lossLines(_ loss: Choice<Losses>) -> [String] {
    guard Self.has(loss) else { return [] }
    if self == .keras, loss.ingredient is SoftmaxCrossEntropy {
      return [
        "loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)  # class numbers",
        "if y_train[0].size > 1:  # rows of probabilities",
        "    loss = keras.losses.CategoricalCrossentropy(from_logits=True)",
      ]
    }
    return [lossLine(loss)]
  }

  private func lossLine(_ loss: Choice<Losses>) -> String {
    switch (self, loss.ingredient) {
    case (.pytorch, let huber as Huber):
      "criterion = nn.HuberLoss(delta=\(huber.delta))  # on numbers, and targets of the same shape"
    case (.keras, let huber as Huber):
      "loss = keras.losses.Huber(delta=\(huber.delta))  # for model.compile"
    case (.pytorch, is SoftmaxCrossEntropy):
      "criterion = nn.CrossEntropyLoss()  # on logits, and class numbers or probabilities"
    case (.pytorch, is SigmoidCrossEntropy):
      "criterion = nn.BCEWithLogitsLoss()  # on logits, and targets of the same shape"
    case (.pytorch, _):
      "criterion = nn.MSELoss()  # on numbers, and targets of the same shape"
    case (.keras, is SigmoidCrossEntropy):
      "loss = keras.losses.BinaryCrossentropy(from_logits=True)  # for model.compile"
    case (.keras, _):
      "loss = keras.losses.MeanSquaredError()  # for model.compile"
    }
  }
}
