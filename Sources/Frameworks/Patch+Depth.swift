import Foundation
import KeelNetworks
import KeelRecipes
import KeelSettings

// Fewer layers, and paths around them.

extension Patch {
  // MARK: depth

  private var products: [Choice<Layers>] { old.leaves.filter { $0.ingredient is any Affine } }

  /// `(nn.Linear, nn.Conv2d)`: the kinds of products in the older recipe.
  private var productKinds: String {
    let kinds = Set(products.map(\.name)).sorted().compactMap(target.kind)
    return kinds.count == 1 ? kinds[0] : "(\(kinds.joined(separator: ", ")))"
  }

  /// A list `layers` of all products, and a line that stops where there are more or less.
  private var layers: [String] {
    let all = target == .pytorch ? "model.modules()" : "layers_of(model)"
    // The output layer of PyTorch's attention is of a kind derived from its linear one.
    let isDerived = target == .pytorch && hasAttention
    let test =
      isDerived
      ? "type(m) in [\(productKinds.trimmingCharacters(in: ["(", ")"]))]"
      : "isinstance(m, \(productKinds))"
    return [
      "layers = [m for m in \(all) if \(test)]",
      Selection(kind: "", indices: [], total: products.count).check("layers", productKinds),
    ]
  }

  /// A list `chain` of what is called in a row: in PyTorch the longest `nn.Sequential` anywhere.
  private var chain: [String] {
    switch target {
    case .pytorch:
      [
        "chain = max([m for m in model.modules() if isinstance(m, nn.Sequential)], key=len, default=[])"
      ]
    case .keras:
      [
        "assert hasattr(model, \"inputs\"), \"change call() of a subclassed model by hand\"",
        "chain = [m for m in model.layers if not isinstance(m, keras.layers.InputLayer)]",
      ]
    }
  }

  var shortening: [String] {
    func others(_ recipe: Recipe) -> [String] {
      recipe.leaves.filter { $0.ingredient is any Weighted && !($0.ingredient is any Affine) }
        .map(\.name)
    }
    let count = new.leaves.count { $0.ingredient is any Affine }
    guard count < products.count, !old.hasResiduals, others(old) == others(new) else { return [] }
    let kept = Set(Self.kept(products, in: new.leaves.filter { $0.ingredient is any Affine }))
    let gone = Selection(
      kind: Dense.name, indices: products.indices.filter { !kept.contains($0) },
      total: products.count)
    let part = gone.part(of: "layers")
    switch target {
    case .pytorch:
      return layers + [
        "gone = set(\(part))",
        "for chain in [m for m in model.modules() if isinstance(m, (nn.Sequential, nn.ModuleList))]:",
        "    starts = [i for i, m in enumerate(chain) if any(l in layers for l in m.modules())]",
        "    for a, b in reversed([*zip(starts, starts[1:] + [len(chain)])]):",
        "        if gone.issuperset(l for l in chain[a].modules() if l in layers):",
        "            del chain[a:b]",
        "assert not gone & set(model.modules()), \"outside nn.Sequential and nn.ModuleList: by hand\"",
      ]
    case .keras:
      let (first, last) = (gone.indices[0], gone.indices[gone.indices.count - 1])
      let numbers =
        last - first + 1 == gone.indices.count
        ? "range(\(first), \(last + 1))"
        : "(\(gone.indices.map(String.init).joined(separator: ", ")))"
      return layers + chain + [
        "starts = [i for i, m in enumerate(chain) if any(l in layers for l in layers_of(m))]",
        "assert len(starts) == \(products.count), \"a layer holds several of them: shorten it by hand\"",
        "for i in reversed(\(numbers)): del chain[starts[i]:starts[i + 1]]",
        "model = keras.Sequential([keras.Input(model.input_shape[1:]), *chain])",
      ]
    }
  }

  /// Which of the older layers remain: the newer are some of them, but for how they begin.
  private static func kept(_ old: [Choice<Layers>], in new: [Choice<Layers>]) -> [Int] {
    func shape(_ layer: Choice<Layers>) -> Settings? {
      guard var affine = layer.ingredient as? any Affine else { return nil }
      affine.initializer = .init()
      affine.biasInitializer = .zeros
      affine.activation = .linear
      return Choice<Layers>(affine).written
    }
    // The last layer is the output, which stays.
    var (kept, index) = ([Int](), -1)
    for layer in new.dropLast() {
      repeat { index += 1 } while index < old.count - 1 && shape(old[index]) != shape(layer)
      kept.append(index)
    }
    kept.append(old.count - 1)
    return kept
  }

  // MARK: residual paths

  var residuals: [String] {
    guard new.hasResiduals, !old.hasResiduals else { return [] }
    let blocks = new.model.residualBlocks
    guard let first = blocks.first?.range.lowerBound, let last = blocks.last?.range.upperBound
    else {
      return []
    }
    let isDirect = blocks.allSatisfy(\.beginsWithProduct)
    let inside = target == .pytorch ? "m.modules()" : "layers_of(m)"
    let place = target == .pytorch ? "one nn.Sequential" : "model.layers"
    let found = [
      "starts = {}",
      "for i, m in enumerate(chain):",
      "    own = [n for n, l in enumerate(layers) if l \(isDirect ? "in \(inside)" : "is m")]",
      "    if len(own) == 1: starts[own[0]] = i",
      "assert starts.keys() >= {*range(\(first), \(last))}, "
        + "\"they are not in \(place): add x by hand\"",
    ]
    let list = listing(blocks) ?? listed(blocks)
    switch target {
    case .pytorch:
      return [
        "class Residual(nn.Sequential):",
        "    def forward(self, x):",
        "        return x + super().forward(x)",
      ] + layers + chain + found + list + [
        "for first, end in reversed(blocks):",
        "    block = Residual(*chain[first:end])",
        "    del chain[first:end]",
        "    chain.insert(first, block)",
      ]
    case .keras:
      return layers + chain + found + list + [
        "x = inputs = keras.Input(model.input_shape[1:])",
        "for i, layer in enumerate(chain):",
        "    if i in [end for first, end in blocks]:",
        "        x = keras.layers.add([path, x])",
        "    if i in [first for first, end in blocks]:",
        "        path = x",
        "    x = layer(x)",
        "model = keras.Model(inputs, x)",
      ]
    }
  }

  /// Where a block begins and ends in the chain.
  ///
  /// One that begins with no product begins behind the one before; what stands behind the last
  /// product may be in one layer with it.
  private func ends(
    of block: ResidualBlock, first: String, before: String, last: String, next: String
  )
    -> String
  {
    let tail = block.tail(in: target)
    let end =
      tail == 0
      ? "starts[\(last)] + 1"
      : "min(starts[\(last)] + \(1 + tail), starts.get(\(next), len(chain)))"
    return "(\(block.beginsWithProduct ? "starts[\(first)]" : "starts[\(before)] + 1"), \(end))"
  }

  private func listed(_ blocks: [ResidualBlock]) -> [String] {
    ["blocks = ["]
      + blocks.map { block in
        let (first, end) = (block.range.lowerBound, block.range.upperBound)
        return "    "
          + ends(
            of: block, first: "\(first)", before: "\(first - 1)", last: "\(end - 1)", next: "\(end)"
          )
          + ","
      } + ["]"]
  }

  /// Blocks of one layer each in a row, as a loop.
  private func listing(_ blocks: [ResidualBlock]) -> [String]? {
    guard let first = blocks.first, blocks.count > 1,
      blocks.allSatisfy({
        $0.range.count == 1 && $0.beginsWithProduct == first.beginsWithProduct
          && $0.tail == first.tail && $0.endsInActivation == first.endsInActivation
      }),
      blocks.last?.range.lowerBound == first.range.lowerBound + blocks.count - 1
    else { return nil }
    let range = "range(\(first.range.lowerBound), \(first.range.lowerBound + blocks.count))"
    let pair = ends(of: first, first: "i", before: "i - 1", last: "i", next: "i + 1")
    return ["blocks = [\(pair) for i in \(range)]"]
  }
}

/// Layers with a path around them.
struct ResidualBlock {
  /// Which products are within, counted from 0.
  let range: Range<Int>
  let beginsWithProduct: Bool
  /// Layers behind the last product.
  let tail: Int
  /// Whether the last product has an activation of its own, which PyTorch makes a module.
  let endsInActivation: Bool

  /// Modules or layers behind the last product.
  func tail(in target: ExportTarget) -> Int {
    tail + (endsInActivation && target == .pytorch ? 1 : 0)
  }
}

extension [Choice<Layers>] {
  /// Every residual block, repeats expanded.
  var residualBlocks: [ResidualBlock] {
    var (blocks, products) = ([ResidualBlock](), 0)
    func walk(_ layers: [Choice<Layers>]) {
      for layer in layers {
        switch layer.ingredient {
        case let block as Residual:
          let start = products
          walk(block.layers)
          let leaves = block.layers.leaves
          let last = leaves.lastIndex { $0.ingredient is any Affine }
          let activation = last.flatMap { leaves[$0].ingredient as? any Affine }?.activation
          blocks.append(
            ResidualBlock(
              range: start..<products, beginsWithProduct: leaves.first?.ingredient is any Affine,
              tail: last.map { leaves.count - 1 - $0 } ?? 0,
              endsInActivation: activation.map { $0 != .linear } ?? false))
        case let block as Repeat: for _ in 0..<block.times { walk(block.layers) }
        case is any Affine: products += 1
        default: break
        }
      }
    }
    walk(self)
    return blocks
  }
}
