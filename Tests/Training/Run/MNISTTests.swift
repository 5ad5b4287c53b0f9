import Foundation
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import KeelTraining
import Testing

private enum Images {
  static let folder = Checkout.path("../shared/data/mnist")
  static let areThere = FileManager.default.fileExists(
    atPath: "\(folder)/t10k-images-idx3-ubyte.gz")
}

/// A network on real images, where they are at hand: it learns; with standard normal weights it
/// explodes, and where it does is what double precision says.
@Suite(.enabled(if: Images.areThere))
struct MNISTTests {
  static func recipe(
    _ initializer: Choice<Initializers>, _ optimizer: Choice<Optimizers>, seed: UInt64
  ) -> Recipe {
    var recipe = Recipe(
      name: "mnist", seed: seed,
      data: .idx(
        images: "t10k-images-idx3-ubyte.gz", labels: "t10k-labels-idx1-ubyte.gz", divide: 255,
        test: .count(2000)),
      model: [.dense(512), .relu, .dense(512), .relu, .dense(10)], initializer: initializer,
      loss: .softmaxCrossEntropy, optimizer: optimizer, training: .init(epochs: 10, batch: 128))
    recipe.folder = Images.folder
    return recipe
  }

  @Test(arguments: [UInt64(0), 1, 2])
  func learns(seed: UInt64) throws {
    let training = try Trainer(Problem(Self.recipe(.he(), .adam(learningRate: 0.001), seed: seed)))
      .train()
    let accuracy = try #require(training.metric?.test)
    print("MNIST-10k, He, Adam 0.001, seed \(seed): test accuracy \(accuracy)")
    #expect(training.verdict == .healthy)
    #expect(training.metric?.name == "accuracy")
    #expect(accuracy > 0.96)
  }

  /// A small convolutional network on the same images, given their axes.
  @Test(arguments: [UInt64(0)])
  func convolutionsLearn(seed: UInt64) throws {
    var recipe = Self.recipe(.he(), .adam(learningRate: 0.002), seed: seed)
    recipe.input = .init([28, 28, 1])
    recipe.model =
      [16, 32].flatMap { [.conv2d($0, padding: .same), .relu, .maxPool2d()] }
      + [.flatten, .dense(10)]
    recipe.training = .init(epochs: 8, batch: 64)
    let training = try Trainer(Problem(recipe)).train()
    let accuracy = try #require(training.metric?.test)
    print("MNIST-10k, convolutions, seed \(seed): test accuracy \(accuracy), \(training.seconds) s")
    #expect(training.verdict == .healthy)
    #expect(accuracy > 0.98)
  }

  /// The twin takes the same steps in double: the averaged loss passes 5·max(B, L₀) in the same
  /// one.
  @Test(arguments: [UInt64(0), 1, 2])
  func explodesWhereTheTwinDoes(seed: UInt64) throws {
    let recipe = Self.recipe(.normal(std: 1), .sgd(learningRate: 0.1), seed: seed)
    let trainer = try Trainer(Problem(recipe))
    var twin = Stepping(trainer)
    let training = trainer.train()
    let explosion = try #require(training.explosion)
    print("MNIST-10k, N(0, 1), SGD 0.1, seed \(seed): \(explosion)")
    var losses: [Double] = []
    while losses.count <= explosion.step { losses.append(twin.step()) }
    let edge = 5 * trainer.baseline.scale
    let means = zip(losses, losses.dropFirst()).map { ($0 + $1) / 2 }
    #expect(explosion.kind == .divergence && explosion.pass == .update)
    #expect(means.firstIndex { $0 > edge }.map { $0 + 1 } == explosion.step)
    #expect(twin.mostMovedLayer == explosion.place)
    #expect(abs(losses[0] / Double(trainer.trace.losses[0]) - 1) < 1e-5)
  }

  /// Deep and standard normal: float32 overflows in the first forward pass, in the layer where
  /// double leaves float32's range.
  @Test func overflowsWhereTheTwinLeavesFloat() throws {
    var recipe = Self.recipe(.normal(std: 1), .sgd(learningRate: 0.1), seed: 0)
    recipe.model = [.repeat(40, [.dense(256), .relu]), .dense(10)]
    recipe.training.batch = 8
    let trainer = try Trainer(Problem(recipe))
    var twin = Stepping(trainer)
    let explosion = try #require(trainer.train().explosion)
    _ = twin.step()
    #expect(explosion.step == 0 && explosion.pass == .forward && explosion.origin == .overflow)
    #expect(explosion.place == twin.last?.firstOverflow?.layer)
  }
}

/// Plain gradient descent in double, over the batches of a trainer and from its parameters.
private struct Stepping {
  private let trainer: Trainer
  private let twin: Twin
  private var batches: Batches
  private var parameters: [String: [Double]]
  private var count = 0
  private(set) var last: Twin.Result?
  private(set) var mostMovedLayer = ""

  init(_ trainer: Trainer) {
    self.trainer = trainer
    batches = trainer.batches
    twin = Twin(trainer.recipe, row: trainer.data.shape.axes)
    let memory = trainer.trainingStep.memory
    parameters = Dictionary(
      uniqueKeysWithValues: trainer.trainingStep.plan.parameters.map { parameter in
        let values = UnsafeBufferPointer(
          start: memory[parameter.buffer], count: parameter.shape.count)
        return (parameter.name, values.map(Double.init))
      })
  }

  /// The loss of the next batch, and an update by its gradient.
  mutating func step() -> Double {
    let rows = batches.withRows(at: count) { Array($0) }
    let (width, columns) = (trainer.data.shape.count, trainer.data.targets.columns)
    let inputs = rows.map { row in
      trainer.data.train.inputs[Int(row) * width..<(Int(row) + 1) * width].map(Double.init)
    }
    let targets = rows.map { row in
      (0..<columns).map { Int32($0) == trainer.data.train.classes[Int(row)] ? 1.0 : 0 }
    }
    let result = twin.run(parameters, inputs: inputs, targets: targets)
    var moved: [String: (update: Double, weight: Double)] = [:]
    for (name, gradient) in result.parameterGradients {
      let layer = String(name.prefix { $0 != "." })
      for index in gradient.indices {
        let update = 0.1 * gradient[index]
        parameters[name]![index] -= update
        moved[layer, default: (0, 0)].update += update * update
        moved[layer]!.weight += parameters[name]![index] * parameters[name]![index]
      }
    }
    mostMovedLayer =
      moved.max {
        $0.value.update / $0.value.weight < $1.value.update / $1.value.weight
      }!.key
    count += 1
    last = result
    return result.loss
  }
}
