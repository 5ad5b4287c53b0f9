import KeelNetworks
import KeelSettings

extension Recipe {
  /// The same recipe with batch normalisation between each hidden layer and its activation; in a
  /// network of sequences layer normalisation, and before each attention, too.
  package var normalized: Recipe {
    let norm: Choice<Layers> =
      leaves.contains { $0.member.isSequential } ? .layerNorm() : .batchNorm()
    var count = 0
    _ = replacingLeaves { choice in
      count += choice.ingredient is any Affine ? 1 : 0
      return [choice]
    }
    var (seen, endsInNorm) = (0, false)
    return replacingLeaves { choice in
      let follows = endsInNorm
      endsInNorm = false
      if choice.ingredient is Attention { return follows ? [choice] : [norm, choice] }
      guard let layer = choice.ingredient as? any Affine else { return [choice] }
      seen += 1
      if seen == count { return [choice] }  // the output is left as it is
      endsInNorm = layer.activation == .linear
      guard let (product, activation) = layer.split else { return [choice, norm] }
      return [product, norm, activation]
    }
  }
}
