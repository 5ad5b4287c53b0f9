import KeelAuthoring

/// A training whose step is timed: the same one in Keel and in `Peers/step.py`.
struct Workload {
  let name: String
  let recipe: Recipe
  /// What a row and its targets are drawn as.
  let rows: Rows
  /// Steps timed in one go: about half a second.
  let steps: Int

  enum Rows {
    /// Normal numbers, and one class of so many.
    case numbers(Int, classes: Int)
    /// Token ids of so many, and one at each place for a target.
    case tokens(Int, length: Int)
  }

  /// Whose steps are calls and little else.
  static let smallest = "mlp-2-16-16-2"

  static let all = [
    dense("mlp-784-512-512-10", [784, 512, 512, 10], batch: 128, steps: 200),
    Workload(
      name: "tanh-50x64",
      recipe: recipe(
        [.repeat(50, [.dense(64), .tanh]), .dense(10)], batch: 128,
        optimizer: .sgd(learningRate: 1e-3)),
      rows: .numbers(64, classes: 10), steps: 200),
    Workload(
      name: smallest,
      recipe: recipe(
        [.dense(16), .relu, .dense(16), .relu, .dense(2)], batch: 32,
        optimizer: .sgd(learningRate: 1e-3)),
      rows: .numbers(2, classes: 2), steps: 10_000),
    dense("mlp-1024-2048x3-10", [1024, 2048, 2048, 2048, 10], batch: 256, steps: 4),
    cnn("cnn-32-64", between: [.relu]),
    cnn("cnn-32-64-batch-norm", between: [.batchNorm(), .relu]),
    resnet("resnet-8", blocks: 1, steps: 15),
    sequences("lstm-128", .lstm(128), steps: 20),
    sequences("gru-128", .gru(128), steps: 20),
    sequences("rnn-128", .recurrent(128), steps: 60),
    gpt,
    resnet("resnet-20", blocks: 3, steps: 6),
    dense("mlp-784-2048x3-1000", [784, 2048, 2048, 2048, 1000], batch: 64, steps: 10),
  ]

  /// Dense layers of so many units with a ReLU between them.
  private static func dense(
    _ name: String, _ widths: [Int], batch: Int, steps: Int
  ) -> Workload {
    let model = widths[1...].flatMap { units -> [Choice<Layers>] in [.dense(units), .relu] }
    return Workload(
      name: name, recipe: recipe(Array(model.dropLast()), batch: batch),
      rows: .numbers(widths[0], classes: widths[widths.count - 1]), steps: steps)
  }

  /// 3 × 3 convolutions of 32 and 64 filters, each halved by a max pool, over 28 × 28 pixels.
  private static func cnn(_ name: String, between: [Choice<Layers>]) -> Workload {
    let blocks = [32, 64].flatMap { filters -> [Choice<Layers>] in
      [.conv2d(filters, padding: .same)] + between + [.maxPool2d()]
    }
    return Workload(
      name: name,
      recipe: recipe(blocks + [.flatten, .dense(10)], input: [28, 28, 1], batch: 64),
      rows: .numbers(784, classes: 10), steps: 40)
  }

  /// He et al., 2016, on 32 × 32 × 3 pixels: three stages of 16, 32 and 64 filters, so many blocks
  /// of two convolutions each; a stage begins with a projection.
  private static func resnet(_ name: String, blocks: Int, steps: Int) -> Workload {
    func conv(_ filters: Int, stride: Int = 1) -> [Choice<Layers>] {
      [.conv2d(filters, stride: stride, padding: .pixels(1), bias: false), .batchNorm()]
    }
    var model = conv(16) + [.relu]
    for (stage, filters) in [16, 32, 64].enumerated() {
      for block in 0..<blocks {
        let stride = stage > 0 && block == 0 ? 2 : 1
        model.append(
          .residual(
            conv(filters, stride: stride) + [.relu] + conv(filters),
            shortcut: stride == 2 ? .projection : .identity, stride: stride))
        model.append(.relu)
      }
    }
    return Workload(
      name: name,
      recipe: recipe(
        model + [.globalAveragePool2d, .dense(10)], input: [32, 32, 3], batch: 32),
      rows: .numbers(32 * 32 * 3, classes: 10), steps: steps)
  }

  /// A hundred steps of two numbers, and a class for each sequence.
  private static func sequences(
    _ name: String, _ layer: Choice<Layers>, steps: Int
  ) -> Workload {
    Workload(
      name: name, recipe: recipe([layer, .dense(10)], input: [100, 2], batch: 64),
      rows: .numbers(200, classes: 10), steps: steps)
  }

  /// Four blocks of a transformer, 128 units and 4 heads, on 64 of 65 characters.
  private static var gpt: Workload {
    let block: [Choice<Layers>] = [
      .residual([.layerNorm(), .attention(heads: 4, causal: true)]),
      .residual([.layerNorm(), .dense(512), .gelu, .dense(128)]),
    ]
    return Workload(
      name: "gpt-4x128",
      recipe: recipe(
        [.embedding(65, 128, positions: true), .repeat(4, block), .layerNorm(), .dense(65)],
        input: [64], batch: 32),
      rows: .tokens(65, length: 64), steps: 10)
  }

  /// Layers of as many units as the input has numbers, with a tanh between them.
  static func stack(layers: Int, of units: Int, batch: Int, steps: Int) -> Workload {
    Workload(
      name: "stack",
      recipe: recipe(
        [.repeat(layers, [.dense(units), .tanh]), .dense(10)], batch: batch,
        optimizer: .sgd(learningRate: 1e-4)),
      rows: .numbers(units, classes: 10), steps: steps)
  }

  /// An LSTM over sequences of two numbers.
  static func sequence(length: Int, of units: Int, steps: Int) -> Workload {
    Workload(
      name: "sequence", recipe: recipe([.lstm(units), .dense(10)], input: [length, 2], batch: 32),
      rows: .numbers(2 * length, classes: 10), steps: steps)
  }

  private static func recipe(
    _ model: [Choice<Layers>], input: [Int]? = nil, batch: Int,
    optimizer: Choice<Optimizers> = .adam(learningRate: 1e-4)
  ) -> Recipe {
    var recipe = Recipe(
      data: .spirals(), model: model, initializer: .he(), loss: .softmaxCrossEntropy,
      optimizer: optimizer, clipping: [.globalNorm(1)],
      training: .init(epochs: 1_000_000, batch: batch))
    if let input { recipe.input = .init(input) }
    return recipe
  }

  /// A run over random rows: numbers do not matter, their count does.
  func run() throws -> Run {
    try Run(Problem(recipe, train: examples(recipe.training.batch * 8)))
  }

  private func examples(_ count: Int) throws -> Examples {
    var random = Random(seed: 1, stream: "benchmark")
    switch rows {
    case .numbers(let width, let classes):
      let inputs = (0..<count).map { _ in (0..<width).map { _ in Float(random.normal()) } }
      return try Examples(inputs: inputs, classes: (0..<count).map { $0 % classes })
    case .tokens(let tokens, let length):
      let ids = (0..<count).map { _ in
        (0...length).map { _ in Int.random(in: 0..<tokens, using: &random) }
      }
      return try Examples(
        inputs: ids.map { $0.dropLast().map(Float.init) }, classes: ids.map { Array($0[1...]) })
    }
  }
}
