import KeelData
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings

/// A change of somebody else's training, as the protocol writes it.
struct EngineChange: Hashable {
  /// What an engine lists that can make it: `set learning-rate`.
  let name: String
  /// `{"set": "learning-rate", "to": 0.01}`.
  let message: JSONValue

  static func set(_ setting: String, to value: JSONValue) -> EngineChange {
    EngineChange(name: "set \(setting)", message: ["set": .string(setting), "to": value])
  }

  /// What makes one recipe of an engine into another.
  /// - Throws: `KeelError` where no change of an engine does.
  static func all(
    from own: Recipe, to recipe: Recipe, _ description: EngineDescription
  ) throws -> [EngineChange] {
    var rest = own
    var changes: [EngineChange] = []
    func note(_ change: EngineChange, _ apply: (inout Recipe) -> Void) {
      changes.append(change)
      apply(&rest)
    }
    if recipe.optimizer != own.optimizer || recipe.regularizer != own.regularizer {
      changes += try optimizer(from: own, to: recipe)
      (rest.optimizer, rest.regularizer) = (recipe.optimizer, recipe.regularizer)
    }
    if recipe.model != own.model {
      changes += try model(from: own, to: recipe)
      rest.model = recipe.model
    }
    if recipe.loss != own.loss {
      changes += try loss(from: own, to: recipe)
      rest.loss = recipe.loss
    }
    if recipe.schedule != own.schedule {
      note(try schedule(from: own, to: recipe)) { $0.schedule = recipe.schedule }
    }
    if recipe.clipping != own.clipping {
      note(try clip(recipe)) { $0.clipping = recipe.clipping }
    }
    if recipe.initializer != own.initializer {
      note(.init(name: "reset initialization", message: ["reset": "initialization"])) {
        $0.initializer = recipe.initializer
      }
    }
    if recipe.standardize != own.standardize {
      let parts = JSONValue.string(recipe.standardize.rawValue)
      note(.init(name: "standardize", message: ["standardize": parts])) {
        $0.standardize = recipe.standardize
      }
    }
    if recipe.training.badRows != own.training.badRows {
      note(leavingOut(description)) { $0.training.badRows = recipe.training.badRows }
    }
    if recipe.training.badSteps != own.training.badSteps {
      note(.set("bad-steps", to: .string(recipe.training.badSteps.rawValue))) {
        $0.training.badSteps = recipe.training.badSteps
      }
    }
    if recipe.own != own.own {
      for entry in recipe.own.value?.entries ?? []
      where own.own.value?[entry.key] != entry.value {
        changes.append(.set(entry.key, to: .string(entry.value.word)))
      }
      rest.own = recipe.own
    }
    // The seed and the length belong to the trial.
    (rest.seed, rest.training.epochs) = (recipe.seed, recipe.training.epochs)
    rest.training.maxSteps = recipe.training.maxSteps
    guard rest == recipe else {
      throw refused(recipe.diff(from: rest).first?.path ?? "recipe", description)
    }
    if let change = changes.first(where: { !description.allows($0.name) }) {
      throw refused(change.name, description)
    }
    return changes
  }

  private static func refused(_ what: String, _ description: EngineDescription) -> KeelError {
    KeelError(
      .invalid, at: description.engine, "cannot change '\(what)'",
      fix: "leave it out: the search goes on without")
  }

  // MARK: parts

  private static func optimizer(from own: Recipe, to recipe: Recipe) throws -> [EngineChange] {
    var changes: [EngineChange] = []
    let isOther = recipe.optimizer.name != own.optimizer.name
    if isOther { changes.append(.set("optimizer", to: .string(recipe.optimizer.name))) }
    let before = Dictionary(
      own.optimizer.ingredient.numbers.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    // Of another optimizer all settings are said, of the same only what differs.
    for setting in recipe.optimizer.ingredient.numbers where setting.name != "weight-decay" {
      if isOther || before[setting.name] != setting.value {
        changes.append(.set(setting.name, to: .number(setting.value)))
      }
    }
    let decay = try decay(recipe)
    if try decay != self.decay(own) { changes.append(.set("weight-decay", to: .number(decay))) }
    return changes
  }

  /// What a framework calls weight decay: of its own, or twice the factor of a squared penalty.
  private static func decay(_ recipe: Recipe) throws -> Double {
    let own = recipe.optimizer.ingredient.numbers.first { $0.name == "weight-decay" }?.value ?? 0
    return try recipe.regularizer.choices.reduce(own) { sum, choice in
      guard let penalty = choice.ingredient as? L2 else {
        throw KeelError(
          .invalid, at: "regularizer", "\(choice.name) is no weight decay", fix: "leave it out")
      }
      return sum + 2 * penalty.lambda
    }
  }

  /// Of what a network has, its dropouts can be told from without, and what its operations do.
  private static func model(from own: Recipe, to recipe: Recipe) throws -> [EngineChange] {
    let rest = recipe.model.dropFirst()
    guard let before = own.ownModel, let after = recipe.ownModel, rest.count < 2,
      rest.allSatisfy({ $0.ingredient is Dropout })
    else {
      throw KeelError(
        .invalid, at: "model", "is the program's own", fix: "leave it out")
    }
    var changes: [EngineChange] = []
    if before.precision != after.precision {
      let precision = JSONValue.string(after.precision.rawValue)
      changes.append(.init(name: "precision", message: ["precision": precision]))
    }
    if before.exponents != after.exponents {
      changes.append(.set("exponents", to: .string(after.exponents.rawValue)))
    }
    if before.attentionLogits != after.attentionLogits {
      changes.append(.set("attention-logits", to: .string(after.attentionLogits.rawValue)))
    }
    if before.domains != after.domains {
      changes.append(.set("domains", to: .string(after.domains.rawValue)))
    }
    if before.normalization != after.normalization {
      changes.append(.set("normalization", to: .string(after.normalization.rawValue)))
    }
    if rest != own.model.dropFirst() {
      let rate = (rest.first?.ingredient as? Dropout)?.rate ?? 0
      changes.append(.set("dropout", to: .number(rate)))
    }
    return changes
  }

  private static func loss(from own: Recipe, to recipe: Recipe) throws -> [EngineChange] {
    guard let before = own.ownLoss, let after = recipe.ownLoss else {
      throw KeelError(.invalid, at: "loss", "is the program's own", fix: "leave it out")
    }
    var changes: [EngineChange] = []
    if before.reduction != after.reduction {
      changes.append(.set("loss-reduction", to: .string(after.reduction.rawValue)))
    }
    if before.emptyMeans != after.emptyMeans {
      changes.append(.set("empty-means", to: .string(after.emptyMeans.rawValue)))
    }
    if before.scale != after.scale {
      changes.append(.set("loss-scale", to: .string(after.scale.rawValue)))
    }
    return changes
  }

  private static func schedule(from own: Recipe, to recipe: Recipe) throws -> EngineChange {
    if recipe.schedule == .constant { return .set("schedule", to: "constant") }
    guard let warmup = recipe.schedule.ingredient as? WarmupSchedule,
      warmup.then == own.schedule || warmup.then == .constant
    else {
      throw KeelError(
        .invalid, at: "schedule", "\(recipe.schedule.name) is none that an engine is asked for",
        fix: "leave it out")
    }
    return .set("warmup", to: .number(Double(warmup.steps)))
  }

  /// The tightest of several: what an engine is asked for is one clip, or none.
  private static func clip(_ recipe: Recipe) throws -> EngineChange {
    guard let last = recipe.clipping.choices.last else {
      return .init(name: "clip", message: .object(["clip": .null]))
    }
    let limit = last.ingredient.numbers.first { $0.name == "limit" }?.value
    guard last.name == "global-norm" || last.name == "value", let limit else {
      throw KeelError(
        .invalid, at: "clipping", "\(last.name) is none that an engine is asked for",
        fix: "leave it out")
    }
    return .init(name: "clip", message: ["clip": .object([last.name: .number(limit)])])
  }

  /// Rows far outside the rest: found anew wherever they come, or by the batch they come in.
  private static func leavingOut(_ description: EngineDescription) -> EngineChange {
    if description.changes?.contains("set bad-rows") == true {
      return .set("bad-rows", to: "drop")
    }
    let rows = [description.inputs?.worstRow, description.targets?.worstRow].compactMap(\.self)
    return .init(
      name: "skip-batches",
      message: ["skip-batches": .array(rows.map { .number(Double($0 / description.batch)) })])
  }
}
