import KeelCauses
import KeelForecast
import KeelNetworks
import KeelRecipes
import KeelSettings

/// A path around each block of layers that keeps its width, the blocks' weights made small; where
/// there are such paths already, only that.
///
/// The signal and its gradient go around the blocks unchanged. N blocks of unit size would still
/// double the variance each; begun at 1/√N of the reference's deviation they make (1 + 1/N)ᴺ < e of
/// it in all. A block with a normalisation has that size whatever its weights: the path goes from
/// one layer with weights to the next, so that each block ends in fresh weights and adds 1 to the
/// variance. Behind a ReLU it would add its mean as well, N times over.
///
/// **References** He et al., CVPR 2016; He et al., *Identity mappings in deep residual networks*,
/// ECCV 2016; Radford et al., *Language models are unsupervised multitask learners*, 2019, §2.3;
/// Zhang et al., *Fixup initialization*, ICLR 2019.
public struct AddResiduals: Remedy {
  public static let name = "add-residuals"
  public static let summary = "a path around each block that keeps its width"
  public static let treats = [ExcessiveDepth.name]
  public static let price = Price(
    invasiveness: 2, timePerStep: 1.1, risk: "another function is learnt, at first nearly linear")
  public static let isHot = false

  public init() {}

  public static func candidates(for patient: Patient) -> [AddResiduals] { [AddResiduals()] }

  public func applied(to subject: Subject) -> Recipe? {
    let recipe = subject.recipe
    guard let scale = Self.scale(recipe) else { return nil }
    var changed = recipe.referencePoint
    if recipe.hasResiduals {
      changed.model = Self.branches(of: changed.model, times: scale)
    } else {
      // The same walk over the reference's layers: it finds the same blocks.
      var widths = Widths(scale: scale)
      changed.model = Self.wrapped(changed.model, &widths)
    }
    return changed == recipe ? nil : changed
  }

  /// 1/√N for N blocks; nil where there is none, or no more than one that stands already.
  private static func scale(_ recipe: Recipe) -> Double? {
    var count = unscaledBranches(recipe.model)
    guard !recipe.hasResiduals || count > 1 else { return nil }
    if !recipe.hasResiduals {
      var widths = Widths()
      _ = wrapped(recipe.model, &widths)
      count = widths.blocks
    }
    return count > 0 ? rounded(1 / Double(count).squareRoot()) : nil
  }

  // MARK: paths that stand already

  /// Residual blocks without a normalisation, repeats expanded.
  private static func unscaledBranches(_ layers: [Choice<Layers>]) -> Int {
    layers.reduce(0) { sum, layer in
      switch layer.ingredient {
      case let block as Residual: sum + (block.layers.isNormalized ? 0 : 1)
      case let block as Repeat: sum + block.times * unscaledBranches(block.layers)
      default: sum
      }
    }
  }

  private static func branches(
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

  public func lines(for framework: ExportTarget, in recipe: Recipe) -> [String] {
    let scale = Self.scale(recipe) ?? 1
    let weights = "# … its last layer begun with its weights times \(scale)"
    if recipe.hasResiduals { return ["# in each residual block:", weights] }
    switch framework {
    case .pytorch:
      return [
        "class Residual(torch.nn.Sequential):",
        "    def forward(self, x):",
        "        return x + super().forward(x)",
        "# Residual(nn.Linear(n, n), nn.ReLU()) in place of each block that keeps its width n,",
        weights,
      ]
    case .keras:
      return [
        "def residual(x, block):", "    return keras.layers.add([x, block(x)])",
        "# x = residual(x, block) in place of x = block(x), for each block that keeps its width,",
        weights,
      ]
    }
  }

  /// What is known on the way through a model.
  private struct Widths {
    /// The units of the last dense layer; nil before the first.
    var current: Int?
    /// How many blocks got a path around them, repeats expanded.
    var blocks = 0
    var scale = 1.0
  }

  /// Wraps each dense layer that gives back the width it gets, with what follows it up to the next
  /// one; not the last, which is the output.
  private static func wrapped(
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
  private static func wrapped(_ block: Repeat, _ widths: inout Widths) -> [Choice<Layers>] {
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

extension Recipe {
  fileprivate var hasResiduals: Bool { model.contains { Self.isResidual($0) } }

  private static func isResidual(_ layer: Choice<Layers>) -> Bool {
    layer.ingredient is Residual
      || (layer.ingredient as? Repeat)?.layers.contains(where: isResidual) ?? false
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
