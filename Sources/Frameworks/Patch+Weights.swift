import KeelNetworks
import KeelRecipes
import KeelSettings

// How weights and biases begin.

extension Patch {
  /// For every layer that begins otherwise now.
  var weights: [String] {
    // Of a network that only its own program knows, every module says for itself.
    if old.initializer.name == "own" { return new.initializer == old.initializer ? [] : begunAnew }
    let before = Dictionary(grouping: old.sites, by: \.kind)
    let begun = new.sites.compactMap { site -> (site: LayerSite, value: Beginning)? in
      guard let begins = site.beginning else { return nil }
      let same = before[site.kind] ?? []
      // Where there are fewer layers now, any of them may be the one it was.
      let isKnown =
        same.count == new.count(of: site.kind)
        ? same[site.index].beginning == begins : same.contains { $0.beginning == begins }
      return isKnown ? nil : (site, begins)
    }
    return edits(begun) { target == .pytorch ? drawn($0) : configured($0) }
  }

  private var begunAnew: [String] {
    switch target {
    case .pytorch:
      [
        "for module in model.modules():",
        "    reset = getattr(module, \"reset_parameters\", getattr(module, \"_reset_parameters\", None))",
        "    if callable(reset):",
        "        reset()",
      ]
    case .keras:
      [
        "for weight in model.trainable_variables:",
        "    if len(weight.shape) > 1:",
        "        weight.assign(keras.initializers.GlorotUniform()(weight.shape))",
        "    elif \"bias\" in weight.path:",
        "        weight.assign(keras.ops.zeros(weight.shape))",
      ]
    }
  }

  private func drawn(_ begins: Beginning) -> [String] {
    func draw(_ rule: Choice<Initializers>, into weight: String) -> [String] {
      target.drawing(rule.member, into: weight) ?? ["pass  # \(rule.name) is no part of PyTorch"]
    }
    func indented(_ lines: [String]) -> [String] { lines.map { "    " + $0 } }
    switch begins.kind {
    case Attention.name:
      return ["for weight in [*layer.in_proj_weight.data.chunk(3), layer.out_proj.weight.data]:"]
        + indented(draw(begins.weight, into: "weight"))
    case Recurrent.name, LSTM.name, GRU.name:
      return ["for name, weight in layer.named_parameters():"]
        + [("ih", begins.weight), ("hh", begins.recurrent ?? begins.weight)].flatMap { part, rule in
          [
            "    if name.startswith(\"weight_\(part)\"):",
            "        for gate in weight.data.split(layer.hidden_size):",
          ] + draw(rule, into: "gate").map { "            " + $0 }
        }
    default:
      // Rules that divide by a fan need a matrix there.
      let isVector = begins.bias.map { !($0.member is any VarianceScaling || $0.member is PyTorch) }
      let bias = isVector ?? false ? begins.bias.map { draw($0, into: "layer.bias") } ?? [] : []
      return draw(begins.weight, into: "layer.weight")
        + (bias.isEmpty ? [] : ["if layer.bias is not None:"] + indented(bias))
    }
  }

  private func configured(_ begins: Beginning) -> [String] {
    let weight = begins.kind == Embedding.name ? "embeddings" : "kernel"
    let rules = [
      (weight, begins.weight), ("recurrent_kernel", begins.recurrent), ("bias", begins.bias),
    ].compactMap { name, rule -> String? in
      rule.flatMap { target.kerasInitializer($0.member) }.map { "\(name)=\($0)" }
    }
    let whole = ExportTarget.call("begin", ["layer"] + rules)
    guard whole.count > 90 else { return [whole] }
    return ["begin(", "    layer,"] + rules.dropLast().map { "    \($0)," }
      + rules.suffix(1).map { "    \($0))" }
  }
}

/// How the parameters of a layer begin.
struct Beginning: Equatable {
  /// The layer's name in a recipe.
  let kind: String
  let weight: Choice<Initializers>
  let recurrent: Choice<Initializers>?
  /// Nil where it has no bias of its own rule.
  let bias: Choice<Initializers>?
}

extension LayerSite {
  /// Nil for a layer without weights that are drawn.
  var beginning: Beginning? {
    guard let rule else { return nil }
    func resolved(_ rule: Choice<Initializers>, for part: ParameterPart?) -> Choice<Initializers> {
      part.map { Choice(rule.member.rule(for: $0)) } ?? rule
    }
    let recurrence = layer.ingredient as? any Recurrence
    let part: ParameterPart? =
      switch layer.ingredient {
      case is Embedding: .embedding
      case is Attention: .projection
      default: recurrence.map { .recurrence(units: $0.units) }
      }
    return Beginning(
      kind: kind, weight: resolved(rule, for: part),
      recurrent: recurrence.map { resolved($0.recurrentInitializer, for: part) },
      bias: (layer.ingredient as? any Affine).map { Choice($0.biasRule(rule.member)) })
  }
}
