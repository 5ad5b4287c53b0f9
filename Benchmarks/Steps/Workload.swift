import KeelAuthoring

/// A training whose step is timed: the same one in Keel and in `Peers/step.py`.
struct Workload {
  let name: String
  let recipe: Recipe
  let columns: Int
  let classes: Int
  /// Steps timed in one go.
  let steps: Int

  static let all = [
    Workload(
      name: "mlp-784-512-512-10",
      recipe: recipe(
        [.dense(512), .relu, .dense(512), .relu, .dense(10)], batch: 128,
        optimizer: .adam(learningRate: 1e-4), clipping: [.globalNorm(1)]),
      columns: 784, classes: 10, steps: 200),
    Workload(
      name: "tanh-50x64",
      recipe: recipe(
        [.repeat(50, [.dense(64), .tanh]), .dense(10)], batch: 128,
        optimizer: .sgd(learningRate: 1e-3)),
      columns: 64, classes: 10, steps: 200),
    Workload(
      name: "mlp-2-16-16-1",
      recipe: recipe(
        [.dense(16), .relu, .dense(16), .relu, .dense(1)], batch: 32,
        optimizer: .sgd(learningRate: 1e-3), loss: .sigmoidCrossEntropy),
      columns: 2, classes: 2, steps: 2000),
    cnn("cnn-32-64", between: [.relu]),
    cnn("cnn-32-64-batch-norm", between: [.batchNorm(), .relu]),
    Workload(
      name: "lstm-128", recipe: sequences(.lstm(128)), columns: 200, classes: 10, steps: 30),
    Workload(
      name: "rnn-128", recipe: sequences(.recurrent(128)), columns: 200, classes: 10, steps: 60),
  ]

  /// 3 × 3 convolutions of 32 and 64 filters, each halved by a max pool, over 28 × 28 pixels.
  private static func cnn(_ name: String, between: [Choice<Layers>]) -> Workload {
    let blocks = [32, 64].flatMap { filters -> [Choice<Layers>] in
      [.conv2d(filters, padding: .same)] + between + [.maxPool2d()]
    }
    var recipe = recipe(
      blocks + [.flatten, .dense(10)], batch: 64, optimizer: .adam(learningRate: 1e-4),
      clipping: [.globalNorm(1)])
    recipe.input = .init([28, 28, 1])
    return Workload(name: name, recipe: recipe, columns: 784, classes: 10, steps: 60)
  }

  /// A hundred steps of two numbers, and a class for each sequence.
  private static func sequences(_ layer: Choice<Layers>) -> Recipe {
    var recipe = recipe(
      [layer, .dense(10)], batch: 64, optimizer: .adam(learningRate: 1e-4),
      clipping: [.globalNorm(1)])
    recipe.input = .init([100, 2])
    return recipe
  }

  private static func recipe(
    _ model: [Choice<Layers>], batch: Int, optimizer: Choice<Optimizers>,
    loss: Choice<Losses> = .softmaxCrossEntropy, clipping: Chain<Clips> = []
  ) -> Recipe {
    Recipe(
      data: .spirals(), model: model, initializer: .he(), loss: loss, optimizer: optimizer,
      clipping: clipping, training: .init(epochs: 1_000_000, batch: batch))
  }

  /// A run over random rows: numbers do not matter, their count does.
  func run() throws -> Run {
    var random = Random(seed: 1, stream: "benchmark")
    let rows = recipe.training.batch * 8
    let inputs = (0..<rows).map { _ in (0..<columns).map { _ in Float(random.normal()) } }
    let labels = (0..<rows).map { $0 % classes }
    return try Run(Problem(recipe, train: Examples(inputs: inputs, classes: labels)))
  }
}
