import KeelNetworks
import KeelRecipes
import KeelSettings

// What is done in the loop: loss, optimizer, clips, schedules.

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
