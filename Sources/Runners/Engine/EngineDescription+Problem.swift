import Foundation
import KeelData
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining

// An engine's training as a recipe: its settings in Keel's words, and `own` for all else.

extension EngineDescription {
  /// Rows that stand for those that are not at hand: no more than these are counted.
  private static let mostRows = 1 << 22

  /// The problem that a verb takes.
  /// - Parameter engine: makes its trials.
  /// - Throws: `KeelError` where a setting is not what it should be.
  func problem(
    by engine: any TrainingEngine, seed: UInt64, _ invalid: (String) -> KeelError
  ) throws -> Problem {
    guard batch <= Self.mostRows else {
      throw invalid("'batch' is more than \(Self.mostRows) rows")
    }
    let epoch = max(1, min(stepsPerEpoch ?? steps, stepsLeft, Self.mostRows / batch))
    var recipe = Recipe(
      name: self.engine, seed: seed, data: Choice(OwnData()), model: try model(invalid),
      initializer: Choice(OwnInitializer()), loss: Choice(loss),
      optimizer: try optimizer(invalid), schedule: try schedule(invalid),
      clipping: try clipping(invalid), regularizer: try regularizer(invalid),
      training: .init(epochs: (stepsLeft + epoch - 1) / epoch, batch: batch))
    recipe.training.maxSteps = stepsLeft
    let rows = Examples(
      inputs: [], shape: Shape(0),
      targets: Targets(
        values: .classes(Array(repeating: 0, count: epoch * batch)), columns: 1))
    return Problem(
      recipe, rows: DataSplit(train: rows, test: nil),
      summary: DataSummary(
        inputs: .init(rms: inputs?.rms ?? 1), targets: targets.map { .init(rms: $0.rms) }),
      outliers: outliers, by: engine)
  }

  private var outliers: Outliers {
    func worst(_ block: Block?, isTarget: Bool) -> Outliers.Value? {
      guard let block, let row = block.worstRow else { return nil }
      let distance = block.worstDistance ?? Outliers.limit
      return Outliers.Value(
        row: row, column: block.worstColumn ?? 0, isTarget: isTarget,
        value: Float(block.worstValue ?? distance * block.rms), distance: distance, usual: 1)
    }
    return Outliers(worst(inputs, isTarget: false) ?? worst(targets, isTarget: true))
  }

  // MARK: settings

  private func number(_ key: String, _ invalid: (String) -> KeelError) throws -> Double? {
    guard let value = settings[key], value != .null else { return nil }
    guard let number = value.number, number.isFinite else {
      throw invalid("settings: '\(key)' is no finite number")
    }
    return number
  }

  /// Its network, and the strongest of its dropouts, which stands for all of them.
  private func model(_ invalid: (String) -> KeelError) throws -> [Choice<Layers>] {
    var own = OwnModel()
    own.precision = keyword("precision", .float32)
    guard let rate = try number("dropout", invalid), rate > 0, rate < 1 else {
      return [Choice(own)]
    }
    return [Choice(own), .dropout(rate)]
  }

  private var loss: OwnLoss {
    var own = OwnLoss()
    own.reduction = keyword("loss-reduction", .mean)
    own.scale = keyword("loss-scale", .none)
    return own
  }

  /// One of a few words; what is usual where it is left out, or is none that Keel tells apart
  /// (`float64`).
  private func keyword<Word: Keyword>(_ key: String, _ usual: Word) -> Word {
    settings[key]?.string.flatMap(Word.init) ?? usual
  }

  /// Whether its decay acts apart from the gradient.
  private var isDecoupled: Bool { ["adamw", "own"].contains(optimizerName) }

  /// As a recipe calls it; `own` for what Keel has none of.
  private var optimizerName: String {
    let name = settings["optimizer"]?.string?.lowercased() ?? "sgd"
    // Momentum is no part of Keel's RMSprop.
    let hasMomentum = (settings["momentum"]?.number ?? 0) != 0
    if name == "rmsprop", hasMomentum { return "own" }
    let known = ["sgd", "adam", "adamw", "rmsprop", "adagrad", "adadelta"]
    return known.contains(name) ? name : "own"
  }

  private func optimizer(_ invalid: (String) -> KeelError) throws -> Choice<Optimizers> {
    guard let rate = try number("learning-rate", invalid), rate.isFinite, rate >= 0 else {
      throw invalid("settings: 'learning-rate' is missing, or no rate")
    }
    let decay = try number("weight-decay", invalid) ?? 0
    let momentum = try number("momentum", invalid) ?? 0
    let rho = try number("rho", invalid)
    let betas = (try number("beta1", invalid) ?? 0.9, try number("beta2", invalid) ?? 0.999)
    let epsilon = try number("epsilon", invalid)
    switch optimizerName {
    case "sgd": return .sgd(learningRate: rate, momentum: momentum)
    case "adam":
      return .adam(
        learningRate: rate, beta1: betas.0, beta2: betas.1, epsilon: epsilon ?? 1e-8)
    case "adamw":
      var optimizer = AdamW()
      (optimizer.learningRate, optimizer.weightDecay) = (rate, decay)
      (optimizer.beta1, optimizer.beta2) = betas
      optimizer.epsilon = epsilon ?? 1e-8
      return Choice(optimizer)
    case "rmsprop":
      var optimizer = RMSprop()
      (optimizer.learningRate, optimizer.rho) = (rate, rho ?? optimizer.rho)
      return Choice(optimizer)
    case "adagrad":
      var optimizer = Adagrad()
      optimizer.learningRate = rate
      return Choice(optimizer)
    case "adadelta":
      var optimizer = Adadelta()
      (optimizer.learningRate, optimizer.rho) = (rate, rho ?? optimizer.rho)
      return Choice(optimizer)
    default:
      var optimizer = OwnOptimizer()
      (optimizer.learningRate, optimizer.weightDecay) = (rate, decay)
      optimizer.momentum = momentum
      return Choice(optimizer)
    }
  }

  /// Decay that adds to the gradient: d·w is the gradient of d/2·w².
  private func regularizer(_ invalid: (String) -> KeelError) throws -> Chain<Regularizers> {
    guard !isDecoupled, let decay = try number("weight-decay", invalid), decay != 0 else {
      return []
    }
    return [.l2(decay / 2)]
  }

  private func schedule(_ invalid: (String) -> KeelError) throws -> Choice<Schedules> {
    guard let factors = settings["schedule-factors"]?.array, !factors.isEmpty else {
      return .constant
    }
    var schedule = OwnSchedule()
    schedule.factors = try factors.map { factor in
      guard let number = factor.number else { throw invalid("'schedule-factors' are no numbers") }
      return number
    }
    return schedule.factors.allSatisfy { abs($0 - 1) < 1e-6 } ? .constant : Choice(schedule)
  }

  private func clipping(_ invalid: (String) -> KeelError) throws -> Chain<Clips> {
    guard case .object(let clips) = settings["clip"] else { return [] }
    return try Chain(
      clips.sorted { $0.key < $1.key }.map { name, limit in
        guard let limit = limit.number, limit > 0 else {
          throw invalid("settings: 'clip.\(name)' is no limit")
        }
        switch name {
        case "global-norm": return .globalNorm(limit)
        case "value": return .value(limit)
        default: throw invalid("settings: 'clip.\(name)' is not a kind of clip")
        }
      })
  }
}
