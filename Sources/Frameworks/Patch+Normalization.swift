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
      let isImage = selection.kind == Conv2D.name
      let width = isImage ? "child.out_channels" : "child.out_features"
      let made =
        (norm.ingredient as? BatchNorm).map {
          target.batchNorm($0, features: width, isImage: isImage)
        } ?? "nn.LayerNorm(\(width))"
      return replacing(selection, with: "nn.Sequential(child, norm)", made)
    case .keras:
      return cloned(
        selection, by: "normalized",
        [
          "act, layer.activation = layer.activation, keras.activations.linear",
          "norm = \(target.layer(norm))",
          "return keras.Sequential([layer, norm, keras.layers.Activation(act)])",
        ])
    }
  }

  private func replacing(_ selection: Selection, with made: String, _ norm: String) -> [String] {
    let kind = selection.kind
    return replacing(
      selection, where: target.test(for: kind, hasAttention: hasAttention) ?? "False",
      called: target.kind(kind) ?? kind, with: made, ["norm = \(norm)"])
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
      return [
        "def normalized(layer, inputs):",
        "    return tuple(layer.norm(x) for x in inputs)",
      ]
        + each(
          .all(Attention.name),
          [
            "layer.norm = nn.LayerNorm(layer.embed_dim)",
            "layer.register_forward_pre_hook(normalized)",
          ])
    case .keras:
      return [
        "def called(layer, *inputs, **options):",
        "    if isinstance(layer, keras.layers.MultiHeadAttention):",
        "        norm = keras.layers.LayerNormalization()",
        "        inputs = [norm(x) for x in inputs]",
        "    return layer(*inputs, **options)",
        "model = keras.models.clone_model(",
        "    model, clone_function=lambda layer: layer, call_function=called)  # of keras.Model",
      ]
    }
  }

  private func normBefore(_ site: LayerSite) -> [String] {
    let selection = Selection(
      kind: site.kind, indices: [site.index], total: new.count(of: site.kind))
    switch target {
    case .pytorch:
      return replacing(
        selection, with: "nn.Sequential(norm, child)", "nn.LayerNorm(child.in_features)")
    case .keras:
      return cloned(
        selection, by: "normalized",
        ["return keras.Sequential([keras.layers.LayerNormalization(), layer])"])
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
