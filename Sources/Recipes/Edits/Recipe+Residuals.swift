import KeelEngine
import KeelNetworks
import KeelSettings

// Paths around blocks of layers.

extension Recipe {
  package var hasResiduals: Bool { model.contains { Self.isResidual($0) } }

  private static func isResidual(_ layer: Choice<Layers>) -> Bool {
    layer.ingredient is Residual
      || (layer.ingredient as? Repeat)?.layers.contains(where: isResidual) ?? false
  }

  /// How many blocks `withResiduals` would make smaller, repeats expanded.
  package var residualBlocks: Int {
    guard !hasResiduals else { return Residuals.unscaledBranches(model) }
    var widths = Residuals.Widths()
    _ = Residuals.wrapped(model, &widths)
    return widths.blocks
  }

  /// What `withResiduals` is to make the last weights of a block smaller by: 1/√N for N blocks; nil
  /// where there is none, or no more than one that stands already.
  package var residualScale: Double? {
    let blocks = residualBlocks
    guard blocks > (hasResiduals ? 1 : 0) else { return nil }
    return rounded(1 / Double(blocks).squareRoot())
  }

  /// The same recipe with a path around each block of layers that keeps its width, the last weights
  /// of each block begun smaller by a factor; where there are such paths already, only that.
  package func withResiduals(scale: Double) -> Recipe {
    var recipe = self
    if hasResiduals {
      recipe.model = Residuals.branches(of: model, times: scale)
    } else {
      var widths = Residuals.Widths(scale: scale)
      recipe.model = Residuals.wrapped(model, &widths)
    }
    return recipe
  }
}

extension Recipe {
  /// The same recipe with a layer normalisation before the last layer with weights; nil where that
  /// is within a block.
  package var normalizingOutput: Recipe? {
    guard let last = model.lastIndex(where: { $0.ingredient is any Weighted }),
      !model[(last + 1)...].contains(where: { $0.ingredient is any Container })
    else { return nil }
    var recipe = self
    recipe.model.insert(.layerNorm(), at: last)
    return recipe
  }
}

extension [Choice<Layers>] {
  /// The size of what reaches the last layer with weights, reckoned from how many residual blocks
  /// add to a signal of unit size since the last normalisation: a block with a normalisation adds
  /// one unit of variance, one without doubles it, or less by how its weights begin.
  package var residualSize: Double {
    var (variance, atLayer) = (1.0, 1.0)
    func walk(_ layers: [Choice<Layers>]) {
      for layer in layers {
        switch layer.ingredient {
        case let block as Repeat: for _ in 0..<block.times { walk(block.layers) }
        case let block as Residual:
          variance += block.layers.isNormalized ? 1 : variance * block.layers.branchShare
        case let layer as any Layer where layer.isNormalization: variance = 1
        case is any Weighted: atLayer = variance
        default: break
        }
      }
    }
    walk(self)
    return atLayer.squareRoot()
  }

  /// The variance that a branch adds, in units of the reference's.
  private var branchShare: Double {
    let last = leaves.last { $0.ingredient is any Weighted }?.ingredient as? any Weighted
    let rule = last?.initializer.value?.ingredient as? any VarianceScaling
    return rule.map { $0.scale * $0.scale } ?? 1
  }
}

/// The walk through a model that finds the blocks.
private enum Residuals {
  /// Residual blocks without a normalisation, repeats expanded.
  static func unscaledBranches(_ layers: [Choice<Layers>]) -> Int {
    layers.reduce(0) { sum, layer in
      switch layer.ingredient {
      case let block as Residual: sum + (block.layers.isNormalized ? 0 : 1)
      case let block as Repeat: sum + block.times * unscaledBranches(block.layers)
      default: sum
      }
    }
  }

  static func branches(
    of layers: [Choice<Layers>], times scale: Double
  ) -> [Choice<Layers>] {
    layers.map { layer in
      switch layer.ingredient {
      case var block as Residual:
        block.layers = shrunk(block.layers, scale)
        return Choice(block)
      case var block as Repeat:
        block.layers = branches(of: block.layers, times: scale)
        return Choice(block)
      default: return layer
      }
    }
  }

  /// What is known on the way through a model.
  struct Widths {
    /// The units of the last dense layer; nil before the first.
    var current: Int?
    /// How many blocks got a path around them, repeats expanded.
    var blocks = 0
    var scale = 1.0
  }

  /// Wraps each dense layer that gives back the width it gets, with what follows it up to the next
  /// one; not the last, which is the output.
  static func wrapped(
    _ layers: [Choice<Layers>], _ widths: inout Widths
  ) -> [Choice<Layers>] {
    var result: [Choice<Layers>] = []
    var rest = layers[...]
    while let layer = rest.popFirst() {
      if let block = layer.ingredient as? Repeat {
        result += wrapped(block, &widths)
      } else if let dense = layer.ingredient as? Dense {
        let tail = rest.prefix { isPlain($0) }
        let keepsWidth = dense.units == widths.current
        widths.current = dense.units
        guard keepsWidth, rest.count > tail.count else {
          result.append(layer)
          continue
        }
        widths.blocks += 1
        let head = result.suffix(result.reversed().prefix { isPlain($0) }.count)
        if Array(head).isNormalized {
          result.removeLast(head.count)
          result.append(.residual(head + [layer]))
          continue
        }
        rest = rest.dropFirst(tail.count)
        result.append(.residual(shrunk([layer] + tail, widths.scale)))
      } else {
        if !isPlain(layer) { widths.current = nil }
        result.append(layer)
      }
    }
    return result
  }

  /// The first time of a repeat may change the width; the others get a path around them.
  static func wrapped(_ block: Repeat, _ widths: inout Widths) -> [Choice<Layers>] {
    let before = widths.current
    guard let units = block.layers.outputWidth, block.layers.allSatisfy(isSimple) else {
      widths.current = nil
      return [Choice(block)]
    }
    widths.current = units
    if block.layers.isNormalized, let first = block.layers.first, first.ingredient is Dense {
      guard block.times > 1 else { return block.layers }
      widths.blocks += block.times - 1
      let rest = Array(block.layers.dropFirst())
      return [first, .repeat(block.times - 1, [.residual(rest + [first])])] + rest
    }
    let keepsWidth = before == units
    let times = keepsWidth ? block.times : block.times - 1
    guard times > 0 else { return block.layers }
    widths.blocks += times
    let path: Choice<Layers> = .residual(shrunk(block.layers, widths.scale))
    return (keepsWidth ? [] : block.layers) + [.repeat(times, [path])]
  }

  /// Layers that keep the width they are given.
  private static func isPlain(_ layer: Choice<Layers>) -> Bool {
    layer.ingredient is any Activation || layer.member.isNormalization
      || layer.ingredient is Dropout
  }

  private static func isSimple(_ layer: Choice<Layers>) -> Bool {
    isPlain(layer) || layer.ingredient is Dense
  }

  /// The last layer with weights of a branch with a smaller deviation.
  private static func shrunk(
    _ layers: [Choice<Layers>], _ scale: Double
  ) -> [Choice<Layers>] {
    guard scale != 1, !layers.isNormalized,
      let last = layers.lastIndex(where: { $0.ingredient is any Weighted }),
      var layer = layers[last].ingredient as? any Weighted,
      var rule = layer.initializer.value?.ingredient as? any VarianceScaling
    else { return layers }
    rule.scale *= scale
    layer.initializer = .init(Choice(rule))
    var layers = layers
    layers[last] = Choice(layer)
    return layers
  }
}

extension [Choice<Layers>] {
  /// The units of the last dense layer.
  fileprivate var outputWidth: Int? {
    reversed().lazy.compactMap { ($0.ingredient as? Dense)?.units }.first
  }

  /// Whether a normalisation is among them.
  fileprivate var isNormalized: Bool { leaves.contains { $0.member.isNormalization } }
}
