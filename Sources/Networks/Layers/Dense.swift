import CKernels
import KeelEngine
import KeelSettings

/// A fully connected layer, on the last axis.
///
/// **Definition** y = activation(x Wᵀ + b), as PyTorch's `Linear`.
///
/// **Shapes** Input […, fan-in], output […, units]; weight [units, fan-in], bias [units].
///
/// **Effect on gradients** ∂L/∂x = ∂L/∂y · W: the norm is multiplied by about σ√units for weights
/// of deviation σ, once per layer.
///
/// **Non-finite values** pass through the product; it does not look for them.
public struct Dense: Affine {
  public static let name = "dense"
  public static let summary = "fully connected, on the last axis"
  public static let fields: [Field<Dense>] = [
    .init("units", \.units, .atLeast(1), required: true, "outputs"),
    .init("activation", \.activation, "applied to the output"),
    .init("initializer", \.initializer, "of the weight; the recipe's if not given"),
    .init("bias", \.bias, "whether to add a bias"),
    .init(
      "bias-initializer", \.biasInitializer,
      "of the bias; zeros: as the initializer has it, which is 0 but for pytorch"),
  ]
  public var units = 1
  public var activation: Choice<Activations> = .linear
  public var initializer = Inherited<Choice<Initializers>>()
  /// Whether a bias is added.
  public var bias = true
  public var biasInitializer: Choice<Initializers> = .zeros

  public init() {}

  public func validate(at path: String) throws {
    try requireVector(biasInitializer, at: path)
  }

  public func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal {
    let layer = network.planner.name(Self.name)
    let fan = Fan(input: input.shape.last, output: units)
    let rule = initializer.value?.member ?? network.initializer
    let biasRule = biasRule(rule)
    let weight = try network.planner.parameter(
      layer, "weight", Shape(units, fan.input), role: .weight, needsData: rule.needsData
    ) { rule.fill($0, fan: fan, random: &$1) }
    let offset =
      bias
      ? try network.planner.parameter(layer, "bias", Shape(units), role: .bias) {
        biasRule.fill($0, fan: Fan(input: fan.input, output: units), random: &$1)
      } : nil
    let output = try network.planner.signal(layer, input.shape.replacingLast(with: units))
    let product = try Product(
      layer, weight, outputs: units, inputs: fan.input, uses: input.shape.leading,
      rows: Product.isManyTimes(input.shape.leading)
        ? network.planner.partRows : network.planner.capacity, in: &network)
    network.planner.add(
      DenseKernel(
        input: input, output: output, bias: offset, product: product,
        vectors: input.shape.leading),
      layer, reads: [input], writes: output, parameters: [weight] + (offset.map { [$0] } ?? []))
    return try activation.member.plan(output, in: &network)
  }
}

func requireVector(_ biasInitializer: Choice<Initializers>, at path: String) throws {
  guard biasInitializer.member.needsMatrix else { return }
  throw KeelError(
    .invalid, at: "\(path).bias-initializer", "'\(biasInitializer.name)' is for matrices",
    fix: "use zeros, or another initializer that fills numbers one by one")
}

struct DenseKernel: Kernel {
  let input, output: Signal
  let bias: Buffer?
  let product: Product
  /// Vectors in one row.
  let vectors: Int
  var isRowwise: Bool { Product.isManyTimes(vectors) }

  func prepare(_ pass: Pass) { product.prepare(pass) }

  func forward(_ pass: Pass) -> Bool {
    product.forward(
      pass, pass.rows * vectors, pass[input.value], bias: bias, to: pass[output.value])
    return true
  }

  func backward(_ pass: Pass, _ accumulation: Accumulation) -> Bool {
    let count = pass.rows * vectors
    let gradient = pass[gradientOf: output]
    product.weightGradient(pass, count, gradient, pass[input.value])
    if let bias { keel_column_sums(gradient, pass[bias.gradient], count, product.outputs) }
    if let target = input.gradient {
      product.backward(pass, count, gradient, to: pass[target], adds: accumulation.adds(0))
    }
    return true
  }
}

extension Choice where F == Layers {
  /// `dense: {units: …}` in a recipe.
  public static func dense(
    _ units: Int, activation: Choice<Activations> = .linear,
    initializer: Choice<Initializers>? = nil, bias: Bool = true,
    biasInitializer: Choice<Initializers> = .zeros
  ) -> Choice {
    var dense = Dense()
    (dense.units, dense.activation, dense.bias) = (units, activation, bias)
    (dense.initializer, dense.biasInitializer) = (.init(initializer), biasInitializer)
    return Choice(dense)
  }
}
