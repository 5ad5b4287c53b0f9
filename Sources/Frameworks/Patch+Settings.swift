import KeelNetworks
import KeelRecipes
import KeelSettings

// Settings of layers that stay: activations, rates and epsilons, and how weights begin.

extension Patch {
  /// What some layers of a kind get.
  struct LayerEdit {
    /// A Python list of all of the kind, and the line that makes it; nil where no list is needed.
    var list: (name: String, line: String)?
    let selection: Selection
    /// For PyTorch all statements; for Keras what changes `config`, or returns another layer.
    let lines: [String]
  }

  /// Lines that make a Keras model anew with other settings of its layers.
  func remade(_ edits: [LayerEdit]) -> [String] {
    guard !edits.isEmpty else { return [] }
    var lists: [String] = []
    for edit in edits {
      if let line = edit.list?.line, !lists.contains(line) { lists.append(line) }
    }
    let changes = edits.flatMap { edit -> [String] in
      let part = edit.selection.part(of: edit.list?.name ?? "")
      let test = parenthesized(part)
      return ["    if layer in \(test):\(edit.selection.comment)"]
        + edit.lines.map { "        " + $0 }
    }
    return lists + ["def remade(layer):", "    config = layer.get_config()"] + changes + [
      "    return type(layer).from_config(config)",
      "model = keras.models.clone_model(model, clone_function=remade)",
    ]
  }

  /// The edits that bring layers of the older recipe to what they are in the newer one: its layers
  /// of each kind in their order.
  func edits<Value: Equatable>(
    _ items: [(site: LayerSite, value: Value)], _ body: (Value) -> [String]
  ) -> [LayerEdit] {
    let kinds = items.reduce(into: [String]()) { kinds, item in
      if !kinds.contains(item.site.kind) { kinds.append(item.site.kind) }
    }
    return kinds.flatMap { kind -> [LayerEdit] in
      let own = items.filter { $0.site.kind == kind }.map {
        (index: $0.site.index, value: $0.value)
      }
      return Selection.groups(own, kind: kind, total: new.count(of: kind)).map {
        value, selection in
        let lines =
          target == .pytorch ? pytorch(selection, of: kind) { _ in body(value) } : body(value)
        return LayerEdit(
          list: target.list(of: kind, hasAttention: hasAttention), selection: selection,
          lines: lines)
      }
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
  var output: [LayerEdit] {
    guard old.loss != new.loss, let last = old.activationSites.last,
      old.activationSites.count == new.activationSites.count + 1,
      let leaf = old.sites.last, last.holder.layer == leaf.layer, last.holder.index == leaf.index
    else { return [] }
    let count = old.activationSites.count { $0.activation.name == last.activation.name }
    let selection = Selection(kind: last.activation.name, indices: [count - 1], total: count)
    return [edit(last, selection, to: .linear)]
  }

  var activations: [LayerEdit] {
    let (before, after) = (old.activationSites, new.activationSites)
    let recurrences = pairs.compactMap { old, new -> (site: LayerSite, value: String)? in
      guard let before = old.layer.ingredient as? Recurrent,
        let after = new.layer.ingredient as? Recurrent, before.activation != after.activation
      else { return nil }
      return (new, after.activation.name)
    }
    let ofRecurrence = edits(recurrences) { activation in
      target == .keras
        ? ["config[\"activation\"] = \"\(activation)\""]
        : ["layer.nonlinearity = layer.mode = \"\(activation)\""]
    }
    guard before.count == after.count else { return ofRecurrence }
    let changed = zip(before, after).filter { $0.activation != $1.activation }
    let names = changed.reduce(into: [String]()) { names, pair in
      if !names.contains(pair.0.activation.name) { names.append(pair.0.activation.name) }
    }
    return names.flatMap { name -> [LayerEdit] in
      let own = changed.filter { $0.0.activation.name == name }
      let total = before.count { $0.activation.name == name }
      return Selection.groups(
        own.map { (index: $0.0.index, value: $0.1.activation) }, kind: name, total: total
      ).map { activation, selection in edit(own[0].0, selection, to: activation) }
    } + ofRecurrence
  }

  private func edit(
    _ site: ActivationSite, _ selection: Selection, to activation: Choice<Layers>
  ) -> LayerEdit {
    let name = site.activation.name
    switch target {
    case .pytorch:
      // Its index in an nn.Sequential that has a module for each layer and activation.
      let place = old.leaves.reduce(into: (count: 0, found: nil as Int?)) { result, leaf in
        let isInside = leaf.activation.map { !($0 is Linear) } ?? false
        let isLayer = leaf.ingredient is any Activation
        if result.found == nil, leaf.activation.map({ type(of: $0).name == name }) ?? false {
          result.found = result.count + (isLayer ? 0 : 1)
        }
        result.count += isInside && !isLayer ? 2 : 1
      }.found
      let kind = target.kind(name) ?? "type(model[\(place ?? 0)])"
      return LayerEdit(
        selection: selection,
        lines: replacing(
          selection, class: kind, ["setattr(parent, name, \(target.layer(activation)))"]))
    case .keras:
      let called = ExportTarget.snake(name)
      // Inside a layer or by itself: whatever has it.
      let list =
        target.kind(name).map { "isinstance(l, \($0))" }
        ?? "l.get_config().get(\"activation\") == \"\(called)\""
        + (old.leaves.contains { $0.ingredient is any Recurrence }
          ? " and not isinstance(l, keras.layers.RNN)" : "")
      let other = ExportTarget.snake(activation.name)
      return LayerEdit(
        list: ("\(called)s", "\(called)s = [l for l in model.layers if \(list)]"),
        selection: selection,
        lines: target.kind(name) == nil
          ? ["config[\"activation\"] = \"\(other)\""]
          : ["return keras.layers.Activation(\"\(other)\")"])
    }
  }

  // MARK: numbers

  /// Rates of dropout, and settings of normalisations.
  var numbers: [LayerEdit] {
    edits(
      pairs.compactMap { old, new -> (site: LayerSite, value: Choice<Layers>)? in
        old.layer != new.layer && target.settings(of: new.layer) != nil ? (new, new.layer) : nil
      }
    ) { layer in
      (target.settings(of: layer) ?? []).map { name, value in
        target == .pytorch ? "layer.\(name) = \(value)" : "config[\"\(name)\"] = \(value)"
      }
    }
  }
}

extension ExportTarget {
  /// What can be set on a layer that has no weights of its own to draw, and its value.
  func settings(of layer: Choice<Layers>) -> [(name: String, value: Double)]? {
    let isPyTorch = self == .pytorch
    let epsilon = isPyTorch ? "eps" : "epsilon"
    switch layer.ingredient {
    case let dropout as Dropout: return [(isPyTorch ? "p" : "rate", dropout.rate)]
    // Keras's momentum is the share that is kept.
    case let norm as BatchNorm:
      return [("momentum", isPyTorch ? norm.momentum : 1 - norm.momentum), (epsilon, norm.epsilon)]
    case let norm as LayerNorm: return [(epsilon, norm.epsilon)]
    case let norm as RMSNorm: return [(epsilon, norm.epsilon)]
    default: return nil
    }
  }
}
