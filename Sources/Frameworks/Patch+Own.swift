import KeelRecipes

// What a program's own operations and loss are asked for.

extension Patch {
  /// Whether they are of a program, whose network and loss nobody knows here.
  var isOwn: Bool { old.ownModel != nil }

  /// Lines by the setting that they are about.
  var own: [(setting: String, parts: [Part])] {
    guard let before = old.ownModel, let after = new.ownModel,
      let lossBefore = old.ownLoss, let lossAfter = new.ownLoss
    else { return [] }
    let all: [(setting: String, isChanged: Bool, parts: [Part])] = [
      ("precision", before.precision != after.precision, precision),
      ("exponents", before.exponents != after.exponents, exponents),
      ("attention-logits", before.attentionLogits != after.attentionLogits, attentionLogits),
      ("normalization", before.normalization != after.normalization, ownNormalization),
      ("domains", before.domains != after.domains, domains),
      ("reduction", lossBefore.reduction != lossAfter.reduction, reduction),
      ("empty-means", lossBefore.emptyMeans != lossAfter.emptyMeans, emptyMeans),
      ("scale", lossBefore.scale != lossAfter.scale, lossScale),
    ]
    return all.filter(\.isChanged).map { ($0.setting, $0.parts) }
  }

  private var precision: [Part] {
    switch target {
    case .pytorch:
      [
        Part(.model, ["model.float()"]),
        Part(
          .training,
          ["# by hand: leave out torch.autocast, and .half() or .bfloat16() of what goes in"]),
      ]
    case .keras:
      [Part(.data, ["keras.mixed_precision.set_global_policy(\"float32\")"])]
    }
  }

  private var exponents: [Part] {
    let (module, smaller) =
      target == .pytorch ? ("torch", "x.clamp(max=1)") : ("keras.ops", "keras.ops.minimum(x, 1)")
    let names = target == .pytorch ? "torch.exp = torch.Tensor.exp" : "keras.ops.exp"
    return [
      Part(
        .data,
        [
          "import math",
          "own_exp = \(module).exp",
          "def bounded_exp(x):  # as smooth, as positive, and a straight line from 1 on",
          "    return \(module).where(x < 1, own_exp(\(smaller)), math.e * x)",
          "\(names) = bounded_exp  # or by hand, where it overflows",
        ])
    ]
  }

  private var attentionLogits: [Part] {
    let tanh = target == .pytorch ? "torch.tanh" : "keras.ops.tanh"
    return [
      Part(
        .model, ["# by hand, before the softmax of attention: scores = 50 * \(tanh)(scores / 50)"])
    ]
  }

  /// No engine of Keras is asked for it.
  private var ownNormalization: [Part] {
    guard target == .pytorch else { return [] }
    return [
      Part(
        .model,
        [
          "leaves = [m for m in model.modules() if not list(m.children())]",
          "kinds = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)",
          "layers = [(m, n) for m, n in zip(leaves, leaves[1:] + [None]) if isinstance(m, kinds)]",
          "def normalized(layer, inputs, out):",
          "    rows = out.shape[-1:] if isinstance(layer, nn.Linear) else out.shape[1:]",
          "    return nn.functional.layer_norm(out, rows)",
          "for layer, after in layers[:-1]:  # all but the last, and those that have a norm",
          "    if \"Norm\" not in type(after).__name__: layer.register_forward_hook(normalized)",
        ])
    ]
  }

  private var domains: [Part] {
    let module = target == .pytorch ? "torch" : "keras.ops"
    func bounded(_ name: String, _ least: String) -> String {
      let names = target == .pytorch ? "torch.\(name) = torch.Tensor.\(name)" : "keras.ops.\(name)"
      let given = target == .pytorch ? "x.clamp(min=\(least))" : "keras.ops.maximum(x, \(least))"
      return "\(names) = lambda x: own_\(name)(\(given))"
    }
    return [
      Part(
        .data,
        [
          "own_log, own_sqrt = \(module).log, \(module).sqrt",
          bounded("log", "1e-7") + "  # or log_softmax, for the log of a softmax",
          bounded("sqrt", "1e-12") + "  # or by hand, where they are given zero",
          "# by hand: the same in x ** 0.5 and in rsqrt, log2, log10",
        ])
    ]
  }

  private var reduction: [Part] {
    switch target {
    case .pytorch:
      [Part(.backward, ["loss = loss / batch_size  # or reduction=\"mean\""])]
    case .keras: [Part(.loss, ["loss.reduction = \"sum_over_batch_size\""])]
    }
  }

  private var emptyMeans: [Part] {
    let mask = "# by hand, where attention has a row that is all masked: -1e9 in place of -inf"
    return switch target {
    case .pytorch:
      [
        Part(
          .backward,
          [
            "if (labels == -100).all(): continue  # your ignore_index; no label of the batch counts",
            "# by hand, where a count or a deviation may be 0: divide by it + 1e-8",
            mask,
          ])
      ]
    case .keras:
      [
        Part(
          .data,
          [
            "# by hand: leave out batches without a label or a weight that counts; their mean is 0/0"
          ]),
        Part(.model, [mask]),
      ]
    }
  }

  private var lossScale: [Part] {
    switch target {
    case .pytorch:
      [
        Part(
          .training,
          ["scaler = torch.amp.GradScaler(next(model.parameters()).device.type)"]),
        Part(.backward, ["loss = scaler.scale(loss)"]),
        Part(.gradients, ["scaler.unscale_(optimizer)"]),
        Part(.step, ["scaler.step(optimizer)", "scaler.update()"]),
      ]
    case .keras:
      [Part(.rate, ["optimizer = keras.optimizers.LossScaleOptimizer(optimizer)"])]
    }
  }
}
