import KeelNetworks
import KeelRecipes
import KeelSettings

// Normalisations that come.

extension Patch {
  var normalization: [String] {
    func norms(_ recipe: Recipe) -> Int { recipe.leaves.count { $0.member.isNormalization } }
    guard norms(new) > norms(old) else { return [] }
    if norms(new) == norms(old) + 1, let last = new.normBeforeOutput, old.normBeforeOutput == nil {
      return normBefore(last)
    }
    let before = Set(old.normsBehind.map(\.site))
    let added = new.normsBehind.filter { !before.contains($0.site) }
    let groups = Dictionary(grouping: added) { $0.site.kind }.sorted { $0.key < $1.key }
    return groups.flatMap { kind, places -> [String] in
      let selection = Selection(
        kind: kind, indices: places.map(\.site.index), total: new.count(of: kind))
      return normsBehind(selection, places[0].norm)
    } + normsBeforeAttention
  }

  private func normsBehind(_ selection: Selection, _ norm: Choice<Layers>) -> [String] {
    switch target {
    case .pytorch:
      let width = selection.kind == Conv2D.name ? "layer.out_channels" : "layer.out_features"
      let made =
        norm.ingredient is BatchNorm
        ? target.batchNorm(
          norm.ingredient as? BatchNorm ?? BatchNorm(), features: width,
          isImage: selection.kind == Conv2D.name) : "nn.LayerNorm(\(width))"
      return pytorch(selection, of: selection.kind) { layer in
        [
          "\(layer).norm = \(made)",
          "\(layer).register_forward_hook(lambda layer, inputs, output: layer.norm(output))",
        ]
      }
    case .keras:
      guard let list = target.list(of: selection.kind) else { return [] }
      let made = target.layer(norm)
      return [
        list.line,
        "def normalized(layer):",
        "    config = layer.get_config()",
        "    if layer not in \(parenthesized(selection.part(of: list.name))):\(selection.comment)",
        "        return type(layer).from_config(config)",
        "    product = type(layer).from_config(config | {\"activation\": \"linear\"})",
        "    return keras.Sequential([product, \(made),",
        "                             keras.layers.Activation(config[\"activation\"])])",
        "model = keras.models.clone_model(model, clone_function=normalized)",
      ]
    }
  }

  /// What goes into an attention, normalised.
  private var normsBeforeAttention: [String] {
    func isBefore(_ recipe: Recipe) -> Bool {
      zip(recipe.leaves, recipe.leaves.dropFirst()).contains {
        $0.member.isNormalization && $1.ingredient is Attention
      }
    }
    guard isBefore(new), !isBefore(old) else { return [] }
    switch target {
    case .pytorch:
      return pytorch(.all(Attention.name), of: Attention.name) { layer in
        [
          "\(layer).norm = nn.LayerNorm(\(layer).embed_dim)",
          "\(layer).register_forward_pre_hook(",
          "    lambda layer, inputs: tuple(layer.norm(x) for x in inputs))",
        ]
      }
    case .keras:
      return [
        "def called(layer, *inputs, **options):",
        "    if isinstance(layer, keras.layers.MultiHeadAttention):",
        "        norm = keras.layers.LayerNormalization()",
        "        inputs = [norm(x) for x in inputs]",
        "    return layer(*inputs, **options)",
        "model = keras.models.clone_model(model, call_function=called)  # of keras.Model",
      ]
    }
  }

  private func normBefore(_ site: LayerSite) -> [String] {
    let selection = Selection(
      kind: site.kind, indices: [site.index], total: new.count(of: site.kind))
    switch target {
    case .pytorch:
      return pytorch(selection, of: site.kind) { layer in
        [
          "\(layer).norm = nn.LayerNorm(\(layer).in_features)",
          "\(layer).register_forward_pre_hook(lambda layer, inputs: layer.norm(inputs[0]))",
        ]
      }
    case .keras:
      guard let list = target.list(of: site.kind) else { return [] }
      return [
        list.line,
        "def normalized(layer):",
        "    same = type(layer).from_config(layer.get_config())",
        "    if layer is not \(list.name)[\(site.index)]:",
        "        return same",
        "    return keras.Sequential([keras.layers.LayerNormalization(), same])",
        "model = keras.models.clone_model(model, clone_function=normalized)",
      ]
    }
  }
}

extension Recipe {
  /// Products that a normalisation stands behind, and which.
  var normsBehind: [(site: LayerSite.Key, norm: Choice<Layers>)] {
    zip(sites, sites.dropFirst()).compactMap { site, next in
      guard site.layer.ingredient is any Affine, next.layer.member.isNormalization else {
        return nil
      }
      return (LayerSite.Key(kind: site.kind, index: site.index), next.layer)
    }
  }

  /// The last product, where a layer normalisation stands right before it.
  var normBeforeOutput: LayerSite? {
    guard let last = sites.lastIndex(where: { $0.layer.ingredient is any Affine }), last > 0,
      sites[last - 1].layer.ingredient is LayerNorm
    else { return nil }
    return sites[last]
  }
}

extension LayerSite {
  /// Which layer it is.
  struct Key: Hashable {
    let kind: String
    let index: Int
  }
}
