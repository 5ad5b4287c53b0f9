import KeelNetworks
import KeelRecipes
import KeelSettings

// Settings of layers that stay: activations, rates and epsilons.

extension Patch {
  /// The lines that bring layers of the older recipe to what they are in the newer one: its layers
  /// of each kind in their order.
  func edits<Value: Equatable>(
    _ items: [(site: LayerSite, value: Value)], _ body: (Value) -> [String]
  ) -> [String] {
    let kinds = items.reduce(into: [String]()) { kinds, item in
      if !kinds.contains(item.site.kind) { kinds.append(item.site.kind) }
    }
    return kinds.flatMap { kind -> [String] in
      let own = items.filter { $0.site.kind == kind }.map {
        (index: $0.site.index, value: $0.value)
      }
      return Selection.groups(own, kind: kind, total: new.count(of: kind))
        .flatMap { value, selection in each(selection, body(value)) }
    }
  }

  /// Layers that both recipes have, kind by kind in their order.
  var pairs: [(old: LayerSite, new: LayerSite)] {
    let before = Dictionary(grouping: old.sites, by: \.kind)
    return new.sites.compactMap { site in
      guard let same = before[site.kind], same.count == new.count(of: site.kind) else { return nil }
      return (same[site.index], site)
    }
  }

  // MARK: activations

  /// The activation of the last layer, where the new loss does without it.
  var output: [String] {
    guard old.loss != new.loss, let last = old.activationSites.last,
      old.activationSites.count == new.activationSites.count + 1,
      let leaf = old.sites.last, last.holder.layer == leaf.layer, last.holder.index == leaf.index
    else { return [] }
    let count = old.activationSites.count { $0.activation.name == last.activation.name }
    let selection = Selection(kind: last.activation.name, indices: [count - 1], total: count)
    return edit(selection, to: .linear)
  }

  var activations: [String] {
    let (before, after) = (old.activationSites, new.activationSites)
    let recurrences = pairs.compactMap { old, new -> (site: LayerSite, value: String)? in
      guard let before = old.layer.ingredient as? Recurrent,
        let after = new.layer.ingredient as? Recurrent, before.activation != after.activation
      else { return nil }
      return (new, after.activation.name)
    }
    let ofRecurrence = edits(recurrences) { activation in
      target == .keras
        ? ["layer.cell.activation = keras.activations.\(activation)"]
        : [
          "layer.nonlinearity = \"\(activation)\"",
          "layer.mode = \"RNN_\(activation.uppercased())\"",
        ]
    }
    guard before.count == after.count else { return ofRecurrence }
    let changed = zip(before, after).filter { $0.activation != $1.activation }
    let names = changed.reduce(into: [String]()) { names, pair in
      if !names.contains(pair.0.activation.name) { names.append(pair.0.activation.name) }
    }
    return names.flatMap { name -> [String] in
      let own = changed.filter { $0.0.activation.name == name }
      let total = before.count { $0.activation.name == name }
      return Selection.groups(
        own.map { (index: $0.0.index, value: $0.1.activation) }, kind: name, total: total
      ).flatMap { activation, selection in edit(selection, to: activation) }
    } + ofRecurrence
  }

  /// Another activation in place of some of a kind.
  private func edit(_ selection: Selection, to activation: Choice<Layers>) -> [String] {
    let name = selection.kind
    let called = name.split(separator: "-").joined()
    // What others call an exponential is not known.
    let short = name == Exponential.name ? "exp" : nil
    let advice = "change \(target == .pytorch ? "forward" : "call") by hand"
    switch target {
    case .pytorch:
      let kind = target.kind(name)
      return replacing(
        selection,
        where: kind.map { "isinstance(m, \($0))" }
          ?? "type(m).__name__.lower() in (\"\(called)\", \"\(short ?? called)\")",
        called: kind ?? called, advice: advice, with: target.layer(activation))
    case .keras:
      let test =
        short.map { "activation(m) in (\"\(called)\", \"\($0)\")" }
        ?? "activation(m) == \"\(called)\""
      // A recurrence and its cell have one of their own.
      let rest =
        old.leaves.contains { $0.ingredient is any Recurrence }
        ? " and not hasattr(m, \"state_size\")" : ""
      let isLayer = ["relu", "leaky-relu", "prelu", "elu", "softmax"].contains(name)
      return [
        "found = [m for m in layers_of(model) if \(test)\(rest)]",
        selection.check("found", ExportTarget.snake(name), advice: advice),
        "for layer in \(selection.part(of: "found")):\(selection.comment)",
      ]
        + (isLayer
          ? ["    if not hasattr(layer, \"activation\"): layer.__class__ = keras.layers.Activation"]
          : [])
        + ["    layer.activation = keras.activations.\(ExportTarget.snake(activation.name))"]
    }
  }

  // MARK: numbers

  /// Rates of dropout, and settings of normalisations.
  var numbers: [String] {
    let changed = pairs.filter { $0.old.layer != $0.new.layer }
    let rates = changed.compactMap { ($0.new.layer.ingredient as? Dropout)?.rate }
    return (rates.max().map(dropout) ?? [])
      + edits(
        changed.compactMap { _, new -> (site: LayerSite, value: Choice<Layers>)? in
          target.settings(of: new.layer) != nil ? (new, new.layer) : nil
        }
      ) { layer in
        (target.settings(of: layer) ?? []).map { name, value in "layer.\(name) = \(value)" }
      }
  }

  /// No layer drops more, whatever its kind.
  private func dropout(_ rate: Double) -> [String] {
    switch target {
    case .pytorch:
      [
        "# F.dropout in forward is changed by hand",
        "for layer in model.modules():",
        "    if isinstance(layer, nn.modules.dropout._DropoutNd): layer.p = min(layer.p, \(rate))",
        "    if isinstance(getattr(layer, \"dropout\", None), float):  # of nn.LSTM and the like",
        "        layer.dropout = min(layer.dropout, \(rate))",
      ]
    case .keras:
      [
        "for layer in layers_of(model):",
        "    for name in (\"rate\", \"dropout\", \"recurrent_dropout\"):",
        "        if isinstance(vars(layer).get(name), float):",
        "            setattr(layer, name, min(getattr(layer, name), \(rate)))",
      ]
    }
  }
}

extension ExportTarget {
  /// What can be set on a normalisation, and its value.
  func settings(of layer: Choice<Layers>) -> [(name: String, value: Double)]? {
    let epsilon = self == .pytorch ? "eps" : "epsilon"
    switch layer.ingredient {
    case let norm as BatchNorm: return [("momentum", momentum(of: norm)), (epsilon, norm.epsilon)]
    case let norm as LayerNorm: return [(epsilon, norm.epsilon)]
    case let norm as RMSNorm: return [(epsilon, norm.epsilon)]
    default: return nil
    }
  }
}
