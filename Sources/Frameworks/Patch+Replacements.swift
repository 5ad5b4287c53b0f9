import KeelNetworks
import KeelRecipes
import KeelSettings

// Layers in whose place others stand now.

extension Patch {
  /// Layers in whose place others stand now: gates for a plain recurrence, a layer's statistics for
  /// a batch's.
  var replacements: [String] {
    guard old.leaves.count == new.leaves.count else { return [] }
    let changed = zip(old.sites, new.sites).filter { $0.kind != $1.kind }
      .filter { target.made(for: $0.layer, $1.layer) != nil }
      // Channels of an image do not come last in PyTorch.
      .filter { !($0.0.layer.ingredient is BatchNorm && old.count(of: Conv2D.name) > 0) }
    let items = changed.map { (index: $0.index, value: $1.layer) }
    guard let first = changed.first else { return [] }
    let kind = first.0.kind
    return Selection.groups(items, kind: kind, total: old.count(of: kind)).flatMap {
      layer, selection -> [String] in
      let made = target.made(for: first.0.layer, layer) ?? ""
      switch target {
      case .pytorch:
        return replacing(
          selection, where: target.test(for: kind) ?? "False", called: target.kind(kind) ?? kind,
          with: made,
          made.contains("sizes")
            ? ["sizes = child.input_size, child.hidden_size, child.num_layers"] : [])
      case .keras: return cloned(selection, by: "replaced", ["return \(made)"])
      }
    }
  }

  // MARK: truncation

  var truncation: [String] {
    let pairs = zip(old.sites, new.sites).compactMap { pair -> (LayerSite, Int)? in
      guard let before = pair.0.layer.ingredient as? any Recurrence,
        let after = pair.1.layer.ingredient as? any Recurrence, before.truncate != after.truncate,
        let steps = after.truncate
      else { return nil }
      return (pair.1, steps)
    }
    guard let (site, steps) = pairs.first, let kind = target.kind(site.kind) else { return [] }
    let selection = Selection(
      kind: site.kind, indices: pairs.map(\.0.index), total: new.count(of: site.kind))
    switch target {
    case .pytorch:
      return [
        "# no gradient flows back through more than \(steps) steps",
        "class Truncated(nn.Module):",
        "    def __init__(self, layer):",
        "        super().__init__()",
        "        self.layer = layer",
        "    def forward(self, x, state=None):",
        "        time, outputs = (1 if self.layer.batch_first else 0), []",
        "        for piece in x.flip(time).split(\(steps), dim=time)[::-1]:",
        "            if state is not None:  # an LSTM has two",
        "                state = (state.detach() if torch.is_tensor(state)",
        "                         else tuple(s.detach() for s in state))",
        "            output, state = self.layer(piece.flip(time), state)",
        "            outputs.append(output)",
        "        return torch.cat(outputs, dim=time), state",
      ]
        + replacing(
          selection, where: "isinstance(m, \(kind))", called: kind, with: "Truncated(child)")
    case .keras:
      return [
        "# no gradient flows back through more than \(steps) steps",
        "class Truncated(keras.layers.Wrapper):",
        "    def call(self, x):",
        "        layer, outputs, state = self.layer, [], None",
        "        length = x.shape[1]",
        "        ends = [*range(length % \(steps) or \(steps), length + 1, \(steps))]",
        "        for start, end in zip([0] + ends, ends):",
        "            output, *state = layer(x[:, start:end], initial_state=state and",
        "                                   [keras.ops.stop_gradient(s) for s in state])",
        "            outputs.append(output)",
        "        return keras.ops.concatenate(outputs, axis=1) if self.all else output[:, -1]",
      ]
        + cloned(
          selection, by: "truncated",
          [
            "result = Truncated(layer)",
            "result.all = layer.return_sequences",
            "layer.return_sequences = layer.return_state = True",
            "return result",
          ])
    }
  }
}
