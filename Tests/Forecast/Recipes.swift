import KeelData
import KeelForecast
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining

// Recipes that several tests of this folder forecast.

func regression(
  _ name: String, rate: Double, widths: [Int] = [16], features: Int = 8, batch: Int = 32,
  activation: Choice<Layers> = .relu, initializer: Choice<Initializers> = .he(),
  optimizer: ((Double) -> Choice<Optimizers>) = { .sgd(learningRate: $0) }, epochs: Int = 40
) -> Recipe {
  Recipe(
    name: name, seed: 5, data: .regression(samples: 256, features: features, noise: 0.1),
    model: widths.flatMap { [.dense($0), activation] } + [.dense(1)], initializer: initializer,
    loss: .meanSquaredError, optimizer: optimizer(rate),
    training: .init(epochs: epochs, batch: batch))
}

func classes(
  _ name: String, _ data: Choice<Datasets>, count: Int, rate: Double, widths: [Int] = [16, 16],
  batch: Int = 32, activation: Choice<Layers> = .relu,
  initializer: Choice<Initializers> = .he(),
  optimizer: ((Double) -> Choice<Optimizers>) = { .sgd(learningRate: $0) }, epochs: Int = 40
) -> Recipe {
  Recipe(
    name: name, seed: 5, data: data,
    model: widths.flatMap { [.dense($0), activation] } + [.dense(count)],
    initializer: initializer, loss: .softmaxCrossEntropy, optimizer: optimizer(rate),
    training: .init(epochs: epochs, batch: batch))
}

/// He, ReLU, squared error, a rate beyond the edge: the loss rises a hundredfold and comes back.
let catapult = Recipe(
  name: "catapult", data: .regression(samples: 256, features: 4, noise: 0),
  model: [.dense(512), .relu, .dense(512), .relu, .dense(1)], initializer: .he(),
  loss: .meanSquaredError, optimizer: .sgd(learningRate: 0.02),
  training: .init(epochs: 400, batch: 256, shuffle: false))

/// Twenty small recipes whose edges can be bisected by whole trainings.
let twenty: [Recipe] = [
  regression("plain", rate: 0.03),
  regression("whole batch", rate: 0.03, batch: 256),
  regression("deep", rate: 0.01, widths: [16, 16, 16, 16]),
  regression("wide", rate: 0.01, widths: [128]),
  regression("tanh", rate: 0.05, activation: .tanh, initializer: .xavier()),
  regression("tanh, deep", rate: 0.02, widths: [16, 16, 16], activation: .tanh),
  regression("momentum", rate: 0.005, optimizer: { .sgd(learningRate: $0, momentum: 0.9) }),
  regression(
    "Nesterov", rate: 0.005,
    optimizer: { .sgd(learningRate: $0, momentum: 0.9, nesterov: true) }),
  regression("small batch", rate: 0.01, batch: 4, epochs: 10),
  regression("many inputs", rate: 0.01, features: 32),
  regression("linear", rate: 0.02, widths: []),
  regression("linear, two", rate: 0.02, widths: [16], activation: .linear),
  regression("Adam", rate: 0.003, optimizer: { .adam(learningRate: $0) }),
  regression("normal", rate: 0.01, initializer: .normal(std: 0.5)),
  regression("GELU", rate: 0.03, activation: .gelu),
  regression("ELU", rate: 0.02, widths: [32, 32], activation: .elu()),
  classes("blobs", .blobs(samples: 256), count: 3, rate: 0.01),
  classes("spirals", .spirals(samples: 300), count: 3, rate: 0.1, widths: [32, 32]),
  classes("moons", .moons(samples: 256), count: 2, rate: 0.1, activation: .tanh),
  classes(
    "circles, RMSprop", .circles(samples: 256), count: 2, rate: 0.003,
    optimizer: { .rmsprop(learningRate: $0) }),
]

extension Recipe {
  /// The forecast of these rows, where the caller runs.
  func forecast(_ rows: DataSplit, _ scope: ForecastScope = .full) throws -> Forecast {
    try Forecaster(Problem(self, rows: rows), scope).run()
  }
}
