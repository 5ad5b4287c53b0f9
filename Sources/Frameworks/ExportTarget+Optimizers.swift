import KeelNetworks
import KeelRecipes
import KeelSettings

// An optimizer, with what other frameworks make a part of it.

extension ExportTarget {
  /// The lines that make a recipe's optimizer, every setting written out: defaults differ between
  /// frameworks.
  ///
  /// In PyTorch it carries the penalty on squared weights, in Keras the clip, as is usual there.
  package func optimizerLines(of recipe: Recipe) -> [String] {
    guard let type = Self.optimizers[recipe.optimizer.name] else { return rateLines(of: recipe) }
    let settings = optimizerSettings(recipe.optimizer) + ownDecay(of: recipe)
    switch self {
    case .pytorch:
      let groups = recipe.ownModel == nil ? parameterGroups(of: recipe) : []
      let parameters = groups.isEmpty ? "model.parameters()" : "groups"
      let made = Self.call("torch.optim.\(type)", [parameters] + settings)
      return groups + Self.broken("optimizer = \(made)")
    case .keras:
      let made = Self.call("keras.optimizers.\(type)", settings + clipSettings(recipe.clipping))
      return Self.broken("optimizer = \(made)")
    }
  }

  /// Whether `weight_decay` of a recipe's optimizer is the gradient of a penalty, as in Keel's
  /// `l2`: AdamW's is not.
  package static func couplesDecay(_ recipe: Recipe) -> Bool {
    optimizers[recipe.optimizer.name] != nil && !(recipe.optimizer.ingredient is AdamW)
  }

  /// Whether there is such an optimizer; of another one only the rate can be set.
  static func has(_ optimizer: Choice<Optimizers>) -> Bool { optimizers[optimizer.name] != nil }

  private static let optimizers = [
    "sgd": "SGD", "adagrad": "Adagrad", "rmsprop": "RMSprop", "adadelta": "Adadelta",
    "adam": "Adam", "adamw": "AdamW",
  ]

  /// For an optimizer that the framework does not have: the rate alone.
  private func rateLines(of recipe: Recipe) -> [String] {
    let rate = recipe.optimizer.member.learningRate
    let comment = "# \(recipe.optimizer.name) is no part of \(title): in the one you use,"
    switch self {
    case .pytorch:
      return [comment, "for group in optimizer.param_groups:", "    group[\"lr\"] = \(rate)"]
    case .keras: return [comment, "optimizer.learning_rate = \(rate)"]
    }
  }

  private var title: String { self == .pytorch ? "PyTorch" : "Keras" }

  /// `lr=0.01`, `momentum=0.9`, …; what is switched off in both is left out.
  private func optimizerSettings(_ optimizer: Choice<Optimizers>) -> [String] {
    guard case .map(let entries)? = optimizer.written?[optimizer.name]?.node else { return [] }
    let values = Dictionary(uniqueKeysWithValues: entries.map { ($0.key, $0.value) })
    return entries.compactMap { entry in
      switch (self, entry.key) {
      case (_, "momentum") where entry.value.number == 0: return nil
      case (_, "nesterov"):
        return entry.value == .scalar("true") ? "nesterov=True" : nil
      case (.pytorch, "beta1"):
        let betas = ["beta1", "beta2"].compactMap { values[$0]?.number }
        return "betas=(\(betas.map { "\($0)" }.joined(separator: ", ")))"
      case (.pytorch, "beta2"): return nil
      default:
        let name = settingName(entry.key, of: optimizer.name)
        return entry.value.number.map { "\(name)=\($0)" }
      }
    }
  }

  private func settingName(_ setting: String, of optimizer: String) -> String {
    switch (self, setting, optimizer) {
    case (.pytorch, "learning-rate", _): "lr"
    case (.pytorch, "epsilon", _): "eps"
    case (.pytorch, "rho", "rmsprop"): "alpha"
    case (.keras, "beta1", _): "beta_1"
    case (.keras, "beta2", _): "beta_2"
    case (_, "initial-accumulator", _): "initial_accumulator_value"
    default: setting.split(separator: "-").joined(separator: "_")
    }
  }

  /// Of a program its decay is a setting of its optimizer, of all parameters.
  private func ownDecay(of recipe: Recipe) -> [String] {
    let lambda = recipe.regularizer.choices.reduce(0) { $0 + $1.member.penalty.l2 }
    return recipe.ownModel != nil && lambda > 0 ? ["weight_decay=\(2 * lambda)"] : []
  }

  /// PyTorch's `weight_decay` adds `weight_decay · w` to the gradient, Keel's `l2` 2λw, to weights
  /// and not to biases.
  private func parameterGroups(of recipe: Recipe) -> [String] {
    let lambda = recipe.regularizer.choices.reduce(0) { $0 + $1.member.penalty.l2 }
    guard lambda > 0, Self.couplesDecay(recipe) else { return [] }
    return [
      "weights = [p for p in model.parameters() if p.ndim > 1]",
      "others = [p for p in model.parameters() if p.ndim <= 1]",
      "groups = [{\"params\": weights, \"weight_decay\": \(2 * lambda)}, {\"params\": others}]",
    ]
  }

  /// Keras takes one clip, and as a setting of the optimizer: the last of the recipe.
  private func clipSettings(_ clipping: Chain<Clips>) -> [String] {
    let names = ["value": "clipvalue", "norm": "clipnorm", "global-norm": "global_clipnorm"]
    guard let clip = clipping.choices.last, let name = names[clip.name],
      let limit = clip.written?[clip.name]?["limit"]?.number
    else { return [] }
    return ["\(name)=\(limit)"]
  }
}
