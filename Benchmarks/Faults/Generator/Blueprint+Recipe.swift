import Foundation
import KeelData
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings

extension Blueprint {
  /// The recipe; writes its rows into `folder` where they stand in a file.
  /// - Throws: `KeelError`, or an error of the file system.
  package func recipe(seed: UInt64, in folder: String) throws -> Recipe {
    let rows = try trainingRows(folder)
    let perEpoch = max(1, rows / batch)
    var recipe = Recipe(
      name: name, seed: seed, data: try data(in: folder), input: row, standardize: standardize,
      model: model, initializer: initializer(hidden, scale / smallness), loss: loss,
      optimizer: rule,
      training: .init(
        epochs: (steps + perEpoch - 1) / perEpoch, batch: batch, maxSteps: steps,
        shuffle: shuffles))
    if hasDecay { recipe.schedule = .cosine() }
    if let custom { apply(custom, to: &recipe) }
    if growth != 1 { recipe.schedule = .exponential(factor: pow(growth, 1 / Double(steps))) }
    if foldings != 1 { recipe.schedule = .exponential(factor: exp(-foldings / Double(steps))) }
    if warmups != 1 { recipe.schedule = .warmup(steps: Int(min(warmups * Double(steps), 1e15))) }
    if squares != 1 { recipe.regularizer.choices.append(.l2(squares * 1e-6)) }
    if magnitudes != 1 { recipe.regularizer.choices.append(.l1(magnitudes * 1e-6)) }
    if limit != 1 { recipe.regularizer.choices.append(.maxNorm(4 / limit)) }
    if clip != 1 { recipe.clipping = [.globalNorm(1 / clip)] }
    if biases != 1 {
      recipe = recipe.replacingLeaves { choice in
        guard var layer = choice.ingredient as? any Affine else { return [choice] }
        layer.biasInitializer = .normal(std: biases * 1e-3)
        return [Choice(layer)]
      }
    }
    recipe.folder = folder
    return recipe
  }

  private func apply(_ custom: Custom, to recipe: inout Recipe) {
    switch custom {
    case .warmup: recipe.schedule = .warmup(steps: steps / 10)
    case .warmupCosine: recipe.schedule = .warmup(steps: steps / 20, then: .cosine())
    case .steps: recipe.schedule = .step(every: max(1, steps / 3))
    case .plateau: recipe.schedule = .plateau()
    case .longMomentum:
      recipe.optimizer = .sgd(learningRate: rate / 10, momentum: 0.99, nesterov: isFile)
    case .decay: recipe.regularizer.choices.append(.l2(samples > 500 ? 1e-4 : 5e-4))
    }
  }

  private func trainingRows(_ folder: String) throws -> Int {
    if source == .mnist { return 8000 }
    return hasTest ? samples * 4 / 5 : samples
  }

  // MARK: data

  /// The rows as a generator makes them.
  package var generated: Choice<Datasets> {
    let test: TestPart = hasTest ? .count(samples / 5) : .none
    switch source {
    case .spirals: return .spirals(samples: samples, classes: classes, noise: noise, test: test)
    case .moons: return .moons(samples: samples, noise: noise, test: test)
    case .circles: return .circles(samples: samples, noise: noise, test: test)
    case .blobs:
      return .blobs(
        samples: samples, classes: classes, features: features, spread: 3, test: test)
    case .regression:
      return .regression(samples: samples, features: features, noise: noise, test: test)
    case .teacher:
      return .teacher(samples: samples, features: features, units: 6, noise: noise, test: test)
    case .adding: return .addingProblem(length: features, samples: samples, test: test)
    case .mnist:
      return .idx(
        images: "\(Self.images)/t10k-images-idx3-ubyte.gz",
        labels: "\(Self.images)/t10k-labels-idx1-ubyte.gz", divide: 255, test: .count(2000))
    }
  }

  /// Where the images lie, if they do: beside the checkout, or where `KEEL_DATA` says.
  package static let images =
    (ProcessInfo.processInfo.environment["KEEL_DATA"]
      ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../../shared/data").standardizedFileURL.path) + "/mnist"

  private func data(in folder: String) throws -> Choice<Datasets> {
    guard isFile else { return generated }
    let file = try Rows(self).write(into: folder)
    return .csv(file, target: ["y"], test: hasTest ? .count(samples / 5) : .none)
  }

  /// Files hold rows of unit size, times the factors; generated rows that are larger are brought
  /// there.
  private var standardize: Recipe.Standardize {
    if isFile { return .none }
    switch source {
    case .blobs: return .inputs
    case .regression: return .both
    default: return .none
    }
  }

  /// The shape of one row, where the data alone do not tell.
  private var row: [Int]? {
    if architecture == .convolution {
      if source == .mnist { return [28, 28, 1] }
      let side = Int(Double(features).squareRoot())
      return [side, side, 1]
    }
    return architecture.isRecurrent && source != .adding ? [features, 1] : nil
  }

  // MARK: weights and updates

  func initializer(_ next: Hidden, _ factor: Double) -> Choice<Initializers> {
    switch weights {
    case .orthogonal: return .orthogonal(gain: factor)
    case .xavier: return .xavier(.uniform, scale: factor)
    case .normal: return .normal(std: factor * (2 / Double(width)).squareRoot())
    case .scheme: break
    }
    switch next {
    case .relu, .leakyReLU, .prelu, .elu, .gelu, .silu: return .he(scale: factor)
    case .selu: return .lecun(scale: factor)
    case .linear, .softplus, .sigmoid, .tanh, .hardTanh: return .xavier(scale: factor)
    }
  }

  private var rule: Choice<Optimizers> {
    let rate = rate / slowness
    let kept = memory == 1 ? nil : 1 - 1 / memory
    switch optimizer {
    case .sgd, .momentum:
      let own = optimizer == .sgd ? 0 : 0.9
      return .sgd(learningRate: rate, momentum: accumulates > 0 ? 1 : kept ?? own)
    case .nesterov: return .sgd(learningRate: rate, momentum: kept ?? 0.9, nesterov: true)
    case .adagrad: return .adagrad(learningRate: rate, epsilon: 1e-10 * epsilon)
    case .rmsprop: return .rmsprop(learningRate: rate, epsilon: 1e-8 * epsilon)
    case .adadelta: return .adadelta(learningRate: rate)
    case .adam: return .adam(learningRate: rate, beta1: kept ?? 0.9, epsilon: 1e-8 * epsilon)
    case .adamw:
      return .adamw(
        learningRate: rate, beta1: kept ?? 0.9, epsilon: 1e-8 * epsilon, weightDecay: 0.01 * decay)
    case .stableAdamW:
      return .stableAdamw(
        learningRate: rate, beta1: kept ?? 0.9, epsilon: 1e-8 * epsilon, weightDecay: 0.01 * decay)
    }
  }
}
