import KeelNetworks
import KeelRecipes
import KeelSettings

// What is done in the loop: loss, optimizer, penalties, clips, schedules.

extension Patch {
  var loss: [Part] {
    [Part(.loss, old.loss == new.loss ? [] : target.lossLines(new.loss))]
  }

  /// Whether it is made anew: for itself, or for what a framework makes a part of it.
  private var isOptimizerChanged: Bool {
    if old.optimizer != new.optimizer || (isOwn && old.regularizer != new.regularizer) {
      return true
    }
    let (penalty, clip) = (squares(old) != squares(new), old.clipping != new.clipping)
    switch target {
    case .pytorch: return penalty && (squares(new) == 0 || ExportTarget.couplesDecay(new))
    // A schedule is a part of it, but for a warm-up, which is a callback.
    case .keras:
      let isSteady = new.schedule == .constant || (isWarmedUp && old.schedule != .constant)
      return clip || (old.schedule != new.schedule && isSteady)
    }
  }

  var optimizer: [Part] {
    let isKnown = ExportTarget.has(new.optimizer)
    return [
      Part(
        isKnown ? .optimizer : .rate,
        isOptimizerChanged ? target.optimizerLines(of: new) + scheduled : [])
    ]
  }

  /// What becomes of the script's own schedule, where the optimizer is made anew.
  private var scheduled: [String] {
    let rate = new.optimizer.member.learningRate
    if old.schedule == new.schedule, new.schedule != .constant {
      return [
        target == .pytorch
          ? "# your schedule begins at \(rate) now"
          : "# by hand: your schedule, begun at \(rate), in place of the number there"
      ]
    }
    return target == .keras && old.schedule != new.schedule && old.schedule != .constant
      ? ["# by hand: leave a LearningRateScheduler out of model.fit(…, callbacks=[…])"] : []
  }

  var loop: [Part] { accumulation + penalty + clip + schedule + skipping }

  /// A momentum of 1 is what gradients that nobody clears amount to.
  private var accumulation: [Part] {
    func isEndless(_ recipe: Recipe) -> Bool {
      (recipe.optimizer.ingredient as? SGD)?.momentum == 1
    }
    guard target == .pytorch, isEndless(old), !isEndless(new) else { return [] }
    return [Part(.backward, ["optimizer.zero_grad()  # gradients add up where it is missing"])]
  }

  // MARK: penalties

  private func squares(_ recipe: Recipe) -> Double {
    recipe.regularizer.choices.reduce(0) { $0 + $1.member.penalty.l2 }
  }

  private func magnitudes(_ recipe: Recipe) -> Double {
    recipe.regularizer.choices.reduce(0) { $0 + $1.member.penalty.l1 }
  }

  private func limit(_ recipe: Recipe) -> Double? {
    recipe.regularizer.choices.lazy.compactMap { ($0.ingredient as? MaxNorm)?.limit }.first
  }

  private var penalty: [Part] {
    guard old.regularizer != new.regularizer, !isOwn else { return [] }
    switch target {
    case .keras: return []  // A part of the model: `penalties`.
    case .pytorch:
      return (squares(new) == squares(old) ? [] : squarePenalty)
        + (magnitudes(new) == magnitudes(old) ? [] : magnitudePenalty)
        + (limit(new) == limit(old) ? [] : maxNorm)
    }
  }

  private var squarePenalty: [Part] {
    let lambda = squares(new)
    if lambda == 0 {
      return [Part(.backward, ["# by hand: delete the line that adds Σ w² to the loss"])]
    }
    let isThere = squares(old) != 0
    if ExportTarget.couplesDecay(new) {
      return isThere
        ? [
          Part(
            .backward,
            ["# by hand: delete a line that adds Σ w² to the loss, for weight_decay is that"])
        ] : []
    }
    return [
      Part(
        .backward,
        (isThere ? ["# by hand: delete the line that adds Σ w² to the loss, for this one"] : []) + [
          "weights = [p for p in model.parameters() if p.ndim > 1]",
          "loss = loss + \(lambda) * sum(w.square().sum() for w in weights)",
        ])
    ]
  }

  private var magnitudePenalty: [Part] {
    let lambda = magnitudes(new)
    if lambda == 0 {
      return [Part(.backward, ["# by hand: delete the line that adds Σ |w| to the loss"])]
    }
    return [
      Part(
        .backward,
        (magnitudes(old) == 0
          ? [] : ["# by hand: delete the line that adds Σ |w| to the loss, for this one"]) + [
            "weights = [p for p in model.parameters() if p.ndim > 1]",
            "loss = loss + \(lambda) * sum(w.abs().sum() for w in weights)",
          ])
    ]
  }

  private var maxNorm: [Part] {
    guard let limit = limit(new) else {
      return [Part(.update, ["# by hand: delete the lines that scale weights back"])]
    }
    return [
      Part(
        .update,
        [
          "for weight in model.parameters():",
          "    if weight.ndim > 1:",
          "        weight.data.renorm_(p=2, dim=0, maxnorm=\(limit))",
        ])
    ]
  }

  /// For the weights of every Keras layer.
  var penalties: [String] {
    guard old.regularizer != new.regularizer, target == .keras, !isOwn else { return [] }
    let (l1, l2) = (magnitudes(new), squares(new))
    let penalty =
      l1 == 0 && l2 == 0
      ? "None"
      : ExportTarget.call(
        "keras.regularizers.L1L2", (l1 == 0 ? [] : ["l1=\(l1)"]) + (l2 == 0 ? [] : ["l2=\(l2)"]))
    let axis =
      (new.count(of: Embedding.name) > 0 ? "1 if weight.name == \"embeddings\" else " : "")
      + (new.count(of: Conv2D.name) > 0 ? "[0, 1, 2] if len(weight.shape) == 4 else " : "") + "0"
    let constraint =
      limit(new).map {
        (axis == "0" ? [] : ["axis = \(axis)"])
          + [
            "weight.constraint = keras.constraints.MaxNorm(\($0), axis=\(axis == "0" ? axis : "axis"))"
          ]
      } ?? ["weight.constraint = None"]
    return [
      "for weight in model.trainable_weights:",
      "    if weight.name in (\"kernel\", \"recurrent_kernel\", \"embeddings\"):",
    ]
      + ((l1 != magnitudes(old) || l2 != squares(old) ? ["weight.regularizer = \(penalty)"] : [])
      + (limit(new) == limit(old) ? [] : constraint)).map { "        " + $0 }
  }

  // MARK: clips

  private var clip: [Part] {
    // Keras makes it a part of the optimizer.
    guard old.clipping != new.clipping, target == .pytorch else { return [] }
    guard let limit = new.clipping.choices.last?.written?["global-norm"]?["limit"]?.number else {
      guard new.clipping == [] else { return [] }
      return [
        Part(
          .gradients,
          [
            "# by hand: delete the clip that is there; this one measures, and changes nothing",
            "torch.nn.utils.clip_grad_norm_(model.parameters(), float(\"inf\"))",
          ])
      ]
    }
    return [
      Part(.gradients, ["torch.nn.utils.clip_grad_norm_(model.parameters(), \(limit))"])
    ]
  }

  // MARK: schedules

  /// Whether the newer schedule is a warm-up to a rate that stays.
  private var isWarmedUp: Bool {
    (new.schedule.ingredient as? WarmupSchedule)?.then == .constant
  }

  var schedule: [Part] {
    guard old.schedule != new.schedule else { return [] }
    guard let warmup = new.schedule.ingredient as? WarmupSchedule else { return steady }
    let steps = warmup.steps
    switch target {
    case .pytorch:
      let made = [
        " = torch.optim.lr_scheduler.LinearLR(",
        "    optimizer, start_factor=1 / \(steps), total_iters=\(max(1, steps - 1)))",
      ]
      if old.schedule == .constant, isWarmedUp {
        return [
          Part(.training, ["warmup" + made[0], made[1]]), Part(.update, ["warmup.step()"]),
        ]
      }
      // The script's own steps of its scheduler go on.
      if isWarmedUp { return [Part(.schedule, ["scheduler" + made[0], made[1]])] }
      guard old.schedule == warmup.then else { return [] }
      return [
        Part(
          .training,
          [
            "warmup" + made[0], made[1],
            "scheduler = torch.optim.lr_scheduler.SequentialLR(",
            "    optimizer, [warmup, scheduler], milestones=[\(steps)])",
          ])
      ]
    case .keras:
      guard isWarmedUp else { return [] }
      return [
        Part(
          .training,
          [
            "rate = float(optimizer.learning_rate)",
            "warmup = keras.callbacks.LambdaCallback(  # for model.fit(…, callbacks=[warmup])",
            "    on_train_batch_begin=lambda batch, logs: optimizer.learning_rate.assign(",
            "        rate * min(1, (int(optimizer.iterations) + 1) / \(steps))))",
          ])
      ]
    }
  }

  /// A rate that stays, in place of the schedule's; in Keras it is a part of the optimizer.
  private var steady: [Part] {
    guard new.schedule == .constant, target == .pytorch else { return [] }
    return [
      Part(
        .schedule,
        [
          "scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)"
        ])
    ]
  }

  // MARK: bad steps

  /// The first sixteen gradients only say what is usual: a bad batch may be among them.
  private var skipping: [Part] {
    guard new.training.badSteps == .skip, old.training.badSteps != .skip else { return [] }
    let rule = { (norm: String, step: String) in
      [
        "norm = \(norm)",
        "if len(norms) < 16:  # the first ones are measured only",
        "    if math.isfinite(norm): norms.append(norm)",
        "elif norm <= 10 * statistics.median(norms):  # false for nan",
        "    norms.append(norm)",
        "    skipped = 0",
        "    \(step)",
        "else:",
        "    skipped += 1",
        "    if skipped == 16:  # so many in a row are the new usual",
        "        norms.clear()",
        "        skipped = 0",
      ]
    }
    let begun = [
      "import collections, math, statistics",
      "norms, skipped = collections.deque(maxlen=64), 0",
    ]
    switch target {
    case .pytorch:
      return [
        Part(.training, begun),
        Part(
          .step,
          rule(
            "torch.nn.utils.clip_grad_norm_(model.parameters(), float(\"inf\")).item()",
            "optimizer.step()")),
      ]
    case .keras:
      return [
        Part(
          .training,
          begun + [
            "apply = optimizer.apply",
            "def apply_usual(gradients, variables=None):  # model.compile(…, run_eagerly=True)",
            "    global skipped",
          ]
            + rule(
              "float(keras.ops.sqrt(sum(keras.ops.sum(keras.ops.square(g)) for g in gradients)))",
              "apply(gradients, variables)"
            ).map { "    " + $0 }
            + ["optimizer.apply = apply_usual"])
      ]
    }
  }
}
