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

  var shortening: [String] {
    func others(_ recipe: Recipe) -> [String] {
      recipe.leaves.filter { $0.ingredient is any Weighted && !($0.ingredient is any Affine) }
        .map(\.name)
    }
    let count = new.leaves.count { $0.ingredient is any Affine }
    guard count < products.count, !old.hasResiduals, others(old) == others(new) else { return [] }
    let kept = Self.kept(products, in: new.leaves.filter { $0.ingredient is any Affine })
    let numbers = kept.map(String.init).joined(separator: ", ")
    switch target {
    case .pytorch:
      return [
        "starts = [i for i, m in enumerate(model) if isinstance(m, \(productKinds))]",
        "parts = [model[a:b] for a, b in zip([0] + starts[1:], starts[1:] + [len(model)])]",
        "model = nn.Sequential(*(m for i in (\(numbers)) for m in parts[i]))",
      ]
    case .keras:
      return [
        "layers = model.layers",
        "starts = [i for i, m in enumerate(layers) if isinstance(m, \(productKinds))]",
        "parts = [layers[a:b] for a, b in zip([0] + starts[1:], starts[1:] + [len(layers)])]",
        "model = keras.Sequential([keras.Input(model.input_shape[1:])]",
        "                         + [m for i in (\(numbers)) for m in parts[i]])",
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
    // A block that begins with no product begins behind the one before.
    let pairs = blocks.map { block -> (String, String) in
      let end = "starts[\(block.range.upperBound - 1)] + \(1 + block.tail(in: target))"
      return block.beginsWithProduct
        ? ("starts[\(block.range.lowerBound)]", end)
        : ("starts[\(block.range.lowerBound - 1)] + 1", end)
    }
    let list = listing(blocks) ?? pairs.map { "(\($0.0), \($0.1))" }.joined(separator: ", ")
    switch target {
    case .pytorch:
      return [
        "class Residual(nn.Sequential):",
        "    def forward(self, x):",
        "        return x + super().forward(x)",
        "starts = [i for i, m in enumerate(model) if isinstance(m, \(productKinds))]",
        "for first, end in reversed([\(list)]):",
        "    block = Residual(*model[first:end])",
        "    model = model[:first] + nn.Sequential(block) + model[end:]",
      ]
    case .keras:
      return [
        "starts = [i for i, m in enumerate(model.layers) if isinstance(m, \(productKinds))]",
        "blocks = [\(list)]",
        "x = inputs = keras.Input(model.input_shape[1:])",
        "for i, layer in enumerate(model.layers):",
        "    if i in [end for first, end in blocks]:",
        "        x = keras.layers.add([path, x])",
        "    if i in [first for first, end in blocks]:",
        "        path = x",
        "    x = layer(x)",
        "model = keras.Model(inputs, x)",
      ]
    }
  }

  /// Blocks of one layer each in a row, as a loop.
  private func listing(_ blocks: [ResidualBlock]) -> String? {
    guard let first = blocks.first, blocks.count > 1,
      blocks.allSatisfy({
        $0.range.count == 1 && $0.beginsWithProduct == first.beginsWithProduct
          && $0.tail == first.tail && $0.endsInActivation == first.endsInActivation
      }),
      blocks.last?.range.lowerBound == first.range.lowerBound + blocks.count - 1
    else { return nil }
    let range = "range(\(first.range.lowerBound), \(first.range.lowerBound + blocks.count))"
    let end = "starts[i] + \(1 + first.tail(in: target))"
    return
      "(\(first.beginsWithProduct ? "starts[i]" : "starts[i - 1] + 1"), \(end)) for i in \(range)"
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
