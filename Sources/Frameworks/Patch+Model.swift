import KeelNetworks
import KeelRecipes
import KeelSettings

// What is done to the network: its layers, and how their weights begin.

extension Patch {
  var model: [String] {
    if !shortening.isEmpty { return shortening }
    if !residuals.isEmpty { return residuals }
    if !normalization.isEmpty { return normalization }
    return gates + truncation + activations + dropout + normSettings + weights + recurrentWeights
  }

  /// A loss on another output says so itself.
  private var isOutputChanged: Bool { old.loss != new.loss }

  // MARK: layers

  private var shortening: [String] {
    guard new.leaves.count < old.leaves.count, !isOutputChanged else { return [] }
    let blocks = zip(old.model, new.model).flatMap { old, new -> [String] in
      guard let old = old.ingredient as? Repeat, let new = new.ingredient as? Repeat,
        old.times != new.times
      else { return [] }
      return ["for _ in range(\(new.times)):  # in place of \(old.times)"]
        + new.layers.map { "    " + made($0) }
    }
    let whole =
      ["# these \(new.leaves.count) layers in place of \(old.leaves.count)"] + new.leaves.map(made)
    let depth = max(new.model.longestChain, 1)
    return ["# where the model is built: at most \(depth) layers in a row remain"]
      + (blocks.isEmpty ? whole : blocks)
  }

  private func made(_ layer: Choice<Layers>) -> String {
    let made = target.layer(layer)
    let comment = made.contains("...") ? "  # \(layer.name), as before" : ""
    return target == .pytorch ? "layers += [\(made)]\(comment)" : "model.add(\(made))\(comment)"
  }

  private var residuals: [String] {
    guard old.hasResiduals || new.hasResiduals, old.leaves.count == new.leaves.count,
      old.model != new.model, let scale = old.referencePoint.residualScale,
      new.model == old.referencePoint.withResiduals(scale: scale).model
    else { return [] }
    let weights = "# … its last layer begun with its weights times \(scale)"
    if old.hasResiduals { return ["# in each residual block:", weights] }
    switch target {
    case .pytorch:
      return [
        "class Residual(torch.nn.Sequential):",
        "    def forward(self, x):",
        "        return x + super().forward(x)",
        "# Residual(nn.Linear(n, n), nn.ReLU()) in place of each block that keeps its width n,",
        weights,
      ]
    case .keras:
      return [
        "def residual(x, block):", "    return keras.layers.add([x, block(x)])",
        "# x = residual(x, block) in place of x = block(x), for each block that keeps its width,",
        weights,
      ]
    }
  }

  private var normalization: [String] {
    func isNormalized(_ recipe: Recipe) -> Bool {
      recipe.leaves.contains { $0.member.isNormalization }
    }
    if new.model == old.normalizingOutput?.model { return outputNormalization }
    guard isNormalized(new), !isNormalized(old) else { return [] }
    let place =
      target == .pytorch
      ? "each between a layer and its activation"
      : "each between a Dense and its activation, which becomes a layer of its own"
    let runs = new.denseRuns { site in
      guard site.isNormalized else { return nil }
      return target.batchNorm(BatchNorm(), features: site.dense.units)
    }
    return [target.denseComment(in: old, "; \(place)")]
      + runs.map { "\($0.line)  # behind \($0.names)" }
  }

  private var outputNormalization: [String] {
    switch target {
    case .pytorch:
      [
        "last = model[-1]  # of an nn.Sequential; elsewhere before whatever comes last",
        "model[-1] = nn.Sequential(nn.LayerNorm(last.in_features), last)",
      ]
    case .keras: ["x = keras.layers.LayerNormalization()(x)  # before the last layer"]
    }
  }

  /// Dropout that drops no more than the new recipe's.
  private var dropout: [String] {
    func most(_ recipe: Recipe) -> Double? {
      recipe.leaves.compactMap { ($0.ingredient as? Dropout)?.rate }.max()
    }
    guard let before = most(old), let after = most(new), before != after else { return [] }
    switch target {
    case .pytorch:
      return [
        "for layer in model.modules():", "    if isinstance(layer, nn.Dropout):",
        "        layer.p = min(layer.p, \(after))",
      ]
    case .keras:
      return [
        "for layer in model.layers:", "    if isinstance(layer, keras.layers.Dropout):",
        "        layer.rate = min(layer.rate, \(after))",
      ]
    }
  }

  /// Settings of normalisations that are others now, for all of them.
  private var normSettings: [String] {
    func norm(_ recipe: Recipe) -> BatchNorm? {
      recipe.leaves.lazy.compactMap { $0.ingredient as? BatchNorm }.first
    }
    guard let before = norm(old), let after = norm(new), before != after else { return [] }
    switch target {
    case .pytorch:
      return [
        "for layer in model.modules():",
        "    if isinstance(layer, nn.modules.batchnorm._BatchNorm):",
        "        layer.momentum, layer.eps = \(after.momentum), \(after.epsilon)",
      ]
    case .keras:
      return [
        "for layer in model.layers:",
        "    if isinstance(layer, keras.layers.BatchNormalization):",
        "        layer.momentum, layer.epsilon = \(1 - after.momentum), \(after.epsilon)",
      ]
    }
  }

  /// One line for each plain recurrence that became another; `features` is what its input has now.
  private var gates: [String] {
    let pairs = zip(old.leaves, new.leaves).filter { $0.0.ingredient is Recurrent }
    return pairs.enumerated().compactMap { index, pair in
      guard pair.0.name != pair.1.name, let layer = pair.1.ingredient as? any Recurrence else {
        return nil
      }
      let cell = pair.1.name.uppercased()
      let place = "  # in place of recurrent-\(index + 1)"
      switch target {
      case .pytorch:
        return "torch.nn.\(cell)(features, \(layer.units), batch_first=True)\(place)"
      case .keras:
        let all = ExportTarget.python(layer.output == .sequence)
        return "keras.layers.\(cell)(\(layer.units), return_sequences=\(all))\(place)"
      }
    }
  }

  private var truncation: [String] {
    let shortened = zip(old.leaves, new.leaves).compactMap { pair -> Int? in
      guard let old = pair.0.ingredient as? any Recurrence,
        let new = pair.1.ingredient as? any Recurrence, old.truncate != new.truncate
      else { return nil }
      return new.truncate
    }
    guard let steps = shortened.first else { return [] }
    switch target {
    case .pytorch:
      return [
        "state = None",
        "for piece in x.split(\(steps), dim=1):  # in forward, in place of rnn(x)",
        "    outputs, state = rnn(piece, state)",
        "    state = state.detach()  # an LSTM has two: tuple(s.detach() for s in state)",
      ]
    case .keras:
      return [
        "# sequences cut into pieces of \(steps) steps, fed one after the other: gradients end with each",
        "keras.layers.SimpleRNN(units, stateful=True)  # or LSTM, GRU; reset_states() between rows",
      ]
    }
  }

  /// The activation behind each layer that has another one now.
  private var activations: [String] {
    guard old.leaves.count == new.leaves.count, !isOutputChanged else { return [] }
    let sites = new.denseSites
    var index = -1
    let runs = old.denseRuns { site in
      index += 1
      guard let before = site.activation, let after = sites[index].activation,
        before != after
      else { return nil }
      return "\(target.layer(after))  # in place of \(before.name), behind"
    }
    return runs.map { "\($0.line) \($0.names)" }
  }

  // MARK: weights

  private var weights: [String] {
    func rules(_ recipe: Recipe) -> [Choice<Initializers>] {
      recipe.leaves.compactMap { $0.ingredient as? any Weighted }.map {
        $0.initializer.value ?? recipe.initializer
      }
    }
    guard rules(old) != rules(new), gates.isEmpty, !isOutputChanged else { return [] }
    switch target {
    case .pytorch: return [target.denseComment(in: old, "; once, before training")] + drawn
    case .keras:
      return [target.denseComment(in: old)]
        + target.denseLines(of: new) { site in
          rule(of: site).map { target.dense(site.dense, ["kernel_initializer=\"\($0)\""]) }
        }
    }
  }

  /// Weights from step to step in time that begin orthogonal now, gate by gate.
  private var recurrentWeights: [String] {
    let pairs = zip(old.leaves, new.leaves).filter { $0.0.ingredient is any Recurrence }
    let places = pairs.indices.filter { index in
      guard let before = pairs[index].0.ingredient as? any Recurrence,
        let after = pairs[index].1.ingredient as? any Recurrence
      else { return false }
      return before.recurrentInitializer != after.recurrentInitializer
        && after.recurrentInitializer.ingredient is Orthogonal
    }
    guard let first = places.first, let last = places.last, gates.isEmpty else { return [] }
    switch target {
    case .pytorch:
      return [
        "recurrent = [m for m in model.modules() if isinstance(m, nn.RNNBase)]",
        "for layer in recurrent[\(first):\(last + 1)]:  # once, before training",
        "    for name, weight in layer.named_parameters():",
        "        if name.startswith(\"weight_hh\"):",
        "            for gate in weight.data.split(layer.hidden_size):",
        "                nn.init.orthogonal_(gate)",
      ]
    case .keras:
      return places.compactMap { index in
        guard let layer = pairs[index].1.ingredient as? any Recurrence else { return nil }
        let name = ["recurrent": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"][pairs[index].1.name]
        let all = ExportTarget.python(layer.output == .sequence)
        return "keras.layers.\(name ?? "RNN")(\(layer.units), return_sequences=\(all), "
          + "recurrent_initializer=\"orthogonal\")"
      }
    }
  }

  private func rule(of site: DenseSite) -> String? {
    site.dense.initializer.value.flatMap { target.initializer($0.member) }
  }

  private var drawn: [String] {
    let weights = new.denseRuns(rule).flatMap { run in
      [
        "for layer in linears[\(run.range.lowerBound - 1):\(run.range.upperBound)]:"
          + "  # \(run.names)",
        "    \(run.line)",
      ]
    }
    return ["linears = [m for m in model.modules() if isinstance(m, nn.Linear)]"] + weights + [
      "for layer in linears:",
      "    if layer.bias is not None:",
      "        nn.init.zeros_(layer.bias)",
    ]
  }
}
