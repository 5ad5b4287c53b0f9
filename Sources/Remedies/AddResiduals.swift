import KeelCauses
import KeelForecast
import KeelRecipes

/// A path around each block of layers that keeps its width, the blocks' weights made small.
///
/// The signal and its gradient go around the blocks unchanged. N blocks of unit size would still
/// double the variance each; begun at 1/√N of the reference's deviation they make (1 + 1/N)ᴺ < e of
/// it in all. A block with a normalisation has that size already and keeps its weights.
///
/// **References** He et al., CVPR 2016; Radford et al., *Language models are unsupervised multitask
/// learners*, 2019, §2.3; Zhang et al., *Fixup initialization*, ICLR 2019.
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
    guard !recipe.model.contains(where: { $0.ingredient is Residual }),
      let scale = Self.scale(recipe)
    else { return nil }
    var changed = recipe.referencePoint
    // The same walk over the reference's layers: it finds the same blocks.
    var widths = Widths(scale: scale)
    changed.model = Self.wrapped(changed.model, &widths)
    return changed
  }

  /// 1/√N for N blocks; nil where there is none.
  private static func scale(_ recipe: Recipe) -> Double? {
    var widths = Widths()
    _ = wrapped(recipe.model, &widths)
    return widths.blocks > 0 ? rounded(1 / Double(widths.blocks).squareRoot()) : nil
  }

  public func lines(for framework: Framework, in recipe: Recipe) -> [String] {
    let scale = Self.scale(recipe) ?? 1
    let weights = "# … its last layer begun with its weights times \(scale)"
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
        rest = rest.dropFirst(tail.count)
        widths.blocks += 1
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

  /// The last dense layer of a branch with a smaller deviation.
  private static func shrunk(
    _ layers: [Choice<Layers>], _ scale: Double
  ) -> [Choice<Layers>] {
    guard scale != 1, !layers.contains(where: { $0.member.isNormalization }),
      let last = layers.lastIndex(where: { $0.ingredient is Dense }),
      var dense = layers[last].ingredient as? Dense,
      var rule = dense.initializer.value?.ingredient as? any VarianceScaling
    else { return layers }
    rule.scale *= scale
    dense.initializer = .init(Choice(rule))
    var layers = layers
    layers[last] = Choice(dense)
    return layers
  }
}

extension [Choice<Layers>] {
  /// The units of the last dense layer.
  fileprivate var outputWidth: Int? {
    reversed().lazy.compactMap { ($0.ingredient as? Dense)?.units }.first
  }
}
