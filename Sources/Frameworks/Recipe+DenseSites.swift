import KeelNetworks
import KeelRecipes
import KeelSettings

extension Recipe {
  /// Every dense layer, in the order of the network, repeats expanded.
  package var denseSites: [DenseSite] {
    let leaves = leaves
    return leaves.indices.compactMap { index in
      guard let dense = leaves[index].ingredient as? Dense else { return nil }
      let next = leaves[(index + 1)...].prefix { !($0.ingredient is any Affine) }
      let inline = dense.activation == .linear ? nil : Choice<Layers>(dense.activation.ingredient)
      let following = next.first { $0.ingredient is any Activation }
      return DenseSite(
        dense: dense, activation: inline ?? following,
        isNormalized: next.first?.ingredient is BatchNorm)
    }
  }

  /// One line for each run of dense layers that would get the same; layers without one end a run.
  package func denseRuns(_ line: (DenseSite) -> String?) -> [DenseRun] {
    var runs: [DenseRun] = []
    for (index, site) in denseSites.enumerated() {
      guard let line = line(site) else { continue }
      if let last = runs.last, last.line == line, last.range.upperBound == index {
        runs[runs.count - 1].range = last.range.lowerBound...(index + 1)
      } else {
        runs.append(DenseRun(line: line, range: (index + 1)...(index + 1)))
      }
    }
    return runs
  }
}
