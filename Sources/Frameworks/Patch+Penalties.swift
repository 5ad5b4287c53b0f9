import KeelNetworks
import KeelRecipes
import KeelSettings

// Penalties on weights, and limits of their norms.

extension Patch {
  func squares(_ recipe: Recipe) -> Double {
    recipe.regularizer.choices.reduce(0) { $0 + $1.member.penalty.l2 }
  }

  private func magnitudes(_ recipe: Recipe) -> Double {
    recipe.regularizer.choices.reduce(0) { $0 + $1.member.penalty.l1 }
  }

  private func limit(_ recipe: Recipe) -> Double? {
    recipe.regularizer.choices.lazy.compactMap { ($0.ingredient as? MaxNorm)?.limit }.first
  }

  var penalty: [Part] {
    guard old.regularizer != new.regularizer, !isOwn else { return [] }
    switch target {
    case .keras: return []  // A part of the model: `penalties`.
    case .pytorch:
      return (squares(new) == squares(old) ? [] : squarePenalty)
        + (magnitudes(new) == magnitudes(old) ? [] : magnitudePenalty)
        + (limit(new) == limit(old) ? [] : maxNorm)
    }
  }

  private var squarePenalty: [Part] {
    let lambda = squares(new)
    if lambda == 0 {
      return [Part(.backward, ["# by hand: delete the line that adds Σ w² to the loss"])]
    }
    let isThere = squares(old) != 0
    if ExportTarget.couplesDecay(new) {
      return isThere
        ? [
          Part(
            .backward,
            ["# by hand: delete a line that adds Σ w² to the loss, for weight_decay is that"])
        ] : []
    }
    return [
      Part(
        .backward,
        (isThere ? ["# by hand: delete the line that adds Σ w² to the loss, for this one"] : []) + [
          "weights = [p for p in model.parameters() if p.ndim > 1]",
          "loss = loss + \(lambda) * sum(w.square().sum() for w in weights)",
        ])
    ]
  }

  private var magnitudePenalty: [Part] {
    let lambda = magnitudes(new)
    if lambda == 0 {
      return [Part(.backward, ["# by hand: delete the line that adds Σ |w| to the loss"])]
    }
    return [
      Part(
        .backward,
        (magnitudes(old) == 0
          ? [] : ["# by hand: delete the line that adds Σ |w| to the loss, for this one"]) + [
            "weights = [p for p in model.parameters() if p.ndim > 1]",
            "loss = loss + \(lambda) * sum(w.abs().sum() for w in weights)",
          ])
    ]
  }

  private var maxNorm: [Part] {
    guard let limit = limit(new) else {
      return [Part(.update, ["# by hand: delete the lines that scale weights back"])]
    }
    return [
      Part(
        .update,
        [
          "for weight in model.parameters():",
          "    if weight.ndim > 1:",
          "        weight.data.renorm_(p=2, dim=0, maxnorm=\(limit))",
        ])
    ]
  }

  /// For the weights of every Keras layer.
  var penalties: [String] {
    guard old.regularizer != new.regularizer, target == .keras, !isOwn else { return [] }
    let (l1, l2) = (magnitudes(new), squares(new))
    let penalty =
      l1 == 0 && l2 == 0
      ? "None"
      : ExportTarget.call(
        "keras.regularizers.L1L2", (l1 == 0 ? [] : ["l1=\(l1)"]) + (l2 == 0 ? [] : ["l2=\(l2)"]))
    let axis =
      (new.count(of: Embedding.name) > 0 ? "1 if weight.name == \"embeddings\" else " : "")
      + (new.count(of: Conv2D.name) > 0 ? "[0, 1, 2] if len(weight.shape) == 4 else " : "") + "0"
    let constraint =
      limit(new).map {
        (axis == "0" ? [] : ["axis = \(axis)"])
          + [
            "weight.constraint = keras.constraints.MaxNorm(\($0), axis=\(axis == "0" ? axis : "axis"))"
          ]
      } ?? ["weight.constraint = None"]
    return [
      "for weight in model.trainable_weights:",
      "    if weight.name in (\"kernel\", \"recurrent_kernel\", \"embeddings\"):",
    ]
      + ((l1 != magnitudes(old) || l2 != squares(old) ? ["weight.regularizer = \(penalty)"] : [])
      + (limit(new) == limit(old) ? [] : constraint)).map { "        " + $0 }
  }
}
