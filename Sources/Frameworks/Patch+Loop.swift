import KeelNetworks
import KeelRecipes
import KeelSettings

// What is done in the loop: loss, optimizer, penalties, clips, schedules.

extension Patch {
  var loss: [String] {
    guard old.loss != new.loss else { return [] }
    let output = old.denseSites.last?.activation
    return
      (output.map { ["# the model ends in its last linear layer, without the \($0.name)"] } ?? [])
      + [target.lossLine(new.loss)]
  }

  var optimizer: [String] {
    old.optimizer == new.optimizer ? [] : target.optimizerLines(of: new)
  }

  var loop: [String] { penalty + clip + warmUp + skipping }

  private var penalty: [String] {
    guard old.regularizer != new.regularizer else { return [] }
    func limit(_ recipe: Recipe) -> Double? {
      recipe.regularizer.choices.lazy.compactMap { ($0.ingredient as? MaxNorm)?.limit }.first
    }
    func squares(_ recipe: Recipe) -> Double {
      recipe.regularizer.choices.reduce(0) { $0 + $1.member.penalty.l2 }
    }
    func magnitudes(_ recipe: Recipe) -> Double {
      recipe.regularizer.choices.reduce(0) { $0 + $1.member.penalty.l1 }
    }
    return (limit(new) == limit(old) ? [] : limit(new).map(maxNorm) ?? freeNorm)
      + (magnitudes(new) == magnitudes(old) ? [] : magnitudePenalty(magnitudes(new)))
      + (squares(new) == squares(old) ? [] : penalty(squares(new)))
  }

  /// Every dense layer made again with one more argument.
  private func dense(_ argument: String) -> [String] {
    [target.denseComment(in: old)]
      + target.denseLines(of: old) { target.dense($0.dense, [argument]) }
  }

  private func penalty(_ lambda: Double) -> [String] {
    switch target {
    case .pytorch where lambda == 0:
      ["# leave the penalty out of the loss"]
        + (old.optimizer == new.optimizer ? target.optimizerLines(of: new) : [])
    case .keras where lambda == 0:
      dense("kernel_regularizer=None")
    case .pytorch where ExportTarget.couplesDecay(new):
      ["# the penalty \(lambda) Σ w² has the gradient \(2 * lambda) w"] + adaptive
        + target.optimizerLines(of: new)
    case .pytorch:
      [
        "# before loss.backward()",
        "weights = [p for p in model.parameters() if p.ndim > 1]",
        "loss = loss + \(lambda) * sum(w.square().sum() for w in weights)",
      ]
    case .keras:
      dense("kernel_regularizer=keras.regularizers.L2(\(lambda))")
    }
  }

  private func magnitudePenalty(_ lambda: Double) -> [String] {
    switch target {
    case .pytorch where lambda == 0: ["# leave the penalty on magnitudes out of the loss"]
    case .pytorch:
      [
        "# before loss.backward()",
        "weights = [p for p in model.parameters() if p.ndim > 1]",
        "loss = loss + \(lambda) * sum(w.abs().sum() for w in weights)",
      ]
    case .keras where lambda == 0: dense("kernel_regularizer=None")
    case .keras: dense("kernel_regularizer=keras.regularizers.L1(\(lambda))")
    }
  }

  private var adaptive: [String] {
    new.optimizer.ingredient is SGD
      ? []
      : [
        "# \(new.optimizer.name) divides it by the gradient's size like the rest;"
          + " AdamW decays apart from that"
      ]
  }

  private var freeNorm: [String] {
    switch target {
    case .pytorch: ["# leave out what scales weights back after optimizer.step()"]
    case .keras:
      dense("kernel_constraint=None")
    }
  }

  private func maxNorm(_ limit: Double) -> [String] {
    switch target {
    case .pytorch:
      [
        "with torch.no_grad():  # after optimizer.step()",
        "    for layer in model.modules():",
        "        if isinstance(layer, (nn.Linear, nn.Conv2d)):",
        "            layer.weight.renorm_(p=2, dim=0, maxnorm=\(limit))",
      ]
    case .keras:
      dense("kernel_constraint=keras.constraints.MaxNorm(\(limit), axis=0)")
    }
  }

  private var clip: [String] {
    guard old.clipping != new.clipping else { return [] }
    guard let limit = new.clipping.choices.last?.written?["global-norm"]?["limit"]?.number else {
      guard new.clipping == [] else { return [] }
      switch target {
      case .pytorch:
        return [
          "# in place of the clip: it measures, and changes nothing",
          "torch.nn.utils.clip_grad_norm_(model.parameters(), float(\"inf\"))",
        ]
      case .keras: return old.optimizer == new.optimizer ? target.optimizerLines(of: new) : []
      }
    }
    switch target {
    case .pytorch:
      return [
        "# between loss.backward() and optimizer.step()",
        "torch.nn.utils.clip_grad_norm_(model.parameters(), \(limit))",
      ]
    case .keras:
      return target.optimizerLines(of: new)
        + old.clipping.choices.map { "# in place of the clip by \($0.name): Keras takes one" }
    }
  }

  /// The rate of step t, from 0, times (t + 1)/steps until it is whole.
  private var warmUp: [String] {
    guard old.schedule != new.schedule else { return [] }
    guard let warmup = new.schedule.ingredient as? WarmupSchedule else { return steady }
    let steps = warmup.steps
    switch target {
    case .pytorch:
      return [
        "warmup = torch.optim.lr_scheduler.LinearLR(",
        "    optimizer, start_factor=1 / \(steps), total_iters=\(steps - 1))",
        "warmup.step()  # after every optimizer.step()",
      ]
    case .keras:
      return [
        "rate = \(new.optimizer.member.learningRate)",
        "warmup = keras.callbacks.LambdaCallback(  # for model.fit(…, callbacks=[warmup])",
        "    on_train_batch_begin=lambda batch, logs: optimizer.learning_rate.assign(",
        "        rate * min(1, (int(optimizer.iterations) + 1) / \(steps))))",
      ]
    }
  }

  /// A rate that stays, in place of the schedule's.
  private var steady: [String] {
    guard new.schedule == .constant else { return [] }
    switch target {
    case .pytorch:
      return [
        "# in place of the schedule",
        "scheduler = torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)",
      ]
    case .keras: return old.optimizer == new.optimizer ? target.optimizerLines(of: new) : []
    }
  }

  private var skipping: [String] {
    guard new.training.badSteps == .skip, old.training.badSteps != .skip else { return [] }
    let (place, norm, step) =
      switch target {
      case .pytorch:
        (
          "# in place of optimizer.step(), after loss.backward(); the clip measures, and changes nothing",
          "torch.nn.utils.clip_grad_norm_(model.parameters(), float(\"inf\")).item()",
          "optimizer.step()"
        )
      case .keras:
        (
          "# in train_step of a subclass of keras.Model, run_eagerly=True, in place of "
            + "optimizer.apply",
          "float(keras.ops.sqrt(sum(keras.ops.sum(keras.ops.square(g)) for g in gradients)))",
          "self.optimizer.apply(gradients, self.trainable_variables)"
        )
      }
    return [
      "import collections, statistics",
      "norms = collections.deque(maxlen=64)  # once, before training",
      place,
      "norm = \(norm)",
      "usual = statistics.median(norms) if len(norms) >= 16 else norm",
      "if norm <= 10 * usual:  # false for nan",
      "    norms.append(norm)",
      "    \(step)",
    ]
  }
}
