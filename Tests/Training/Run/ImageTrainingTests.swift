import Allocations
import Foundation
import KeelData
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining
import Testing

/// Convolutional networks in training.
struct ImageTrainingTests {
  /// Bars across or down a field of 8 × 8 pixels, somewhere in it.
  static func bars(_ count: Int) throws -> Examples {
    var random = Random(seed: 4, stream: "bars")
    var inputs: [[Float]] = []
    for row in 0..<count {
      let place = Int(random.next() % 8)
      inputs.append(
        (0..<64).map { pixel in
          let isOn = (row % 2 == 0 ? pixel / 8 : pixel % 8) == place
          return (isOn ? 2 : 0) + Float(random.normal()) * 0.3
        })
    }
    return try Examples(inputs: inputs, classes: (0..<count).map { $0 % 2 })
  }

  static let recipe: Recipe = {
    var recipe = Recipe(
      name: "bars", seed: 2, data: .spirals(),
      model: [
        .conv2d(6, padding: .same), .batchNorm(), .relu, .maxPool2d(),
        .residual(
          [.conv2d(8, stride: 2, padding: .same), .relu], shortcut: .projection, stride: 2),
        .averagePool2d(2, stride: 1),
        .conv2d(8, kernel: 1, activation: .relu, biasInitializer: .zeros),
        .globalAveragePool2d, .dense(2),
      ],
      initializer: .he(), loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.01),
      clipping: [.globalNorm(1)], training: .init(epochs: 20, batch: 24))
    recipe.input = .init([8, 8, 1])
    return recipe
  }()

  /// Every row, the last and smaller batch included.
  @Test func learns() throws {
    let trainer = try Trainer(Problem(Self.recipe, train: Self.bars(200)))
    let training = trainer.train()
    #expect(training.verdict == .healthy)
    #expect((training.metric?.train ?? 0) > 0.95)
    let network = try trainer.network()
    #expect(network["residual-1.weight"]?.shape == Shape(8, 1, 1, 6))
    #expect(network["conv2d-2.weight"]?.shape == Shape(8, 3, 3, 6))
  }

  @Test func givesTheSameTwice() throws {
    let runs = try (0..<2).map { _ in
      let trainer = try Trainer(Problem(Self.recipe, train: Self.bars(100)))
      _ = trainer.train()
      return (try trainer.network().bits, trainer.trace.bits)
    }
    #expect(runs[0] == runs[1])
  }

  /// Each layer alone, so that the guilty one is known.
  @Test(
    .enabled(if: allocations_are_counted() != 0),
    arguments: [
      [Choice<Layers>.conv2d(3)], [.conv2d(4, padding: .same), .conv2d(4, stride: 2, groups: 2)],
      [.conv2d(3, dilation: 2), .conv2d(3, kernel: 1)], [.prelu(), .maxPool2d()],
      [.prelu(), .averagePool2d()], [.prelu(), .globalAveragePool2d],
      [.conv2d(3), .batchNorm()], [.residual([.conv2d(3, padding: .same)], shortcut: .projection)],
    ])
  func stepsAllocateNothing(_ layers: [Choice<Layers>]) throws {
    var recipe = Self.recipe
    recipe.model = layers + [.flatten, .dense(2)]
    recipe.training.epochs = 1000
    let trainer = try Trainer(Problem(recipe, train: Self.bars(100)))
    for _ in 0..<10 { trainer.advance() }
    let before = allocations_of_this_thread()
    for _ in 0..<100 { trainer.advance() }
    #expect(allocations_of_this_thread() - before == 0)
    #expect(trainer.explosion == nil)
  }

  /// IDX rows are flat; `input` gives them their axes, line by line, and predicting does the same.
  @Test func imagesOfAFileReachAConvolution() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("images-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func write(_ name: String, _ magic: UInt8, _ axes: [UInt8], _ data: [UInt8]) throws {
      let header: [UInt8] = [0, 0, 8, magic] + axes.flatMap { [0, 0, 0, $0] }
      try Data(header + data).write(to: folder.appendingPathComponent(name))
    }
    try write("images", 3, [4, 2, 3], (0..<24).map { UInt8($0) })
    try write("labels", 1, [4], [0, 1, 0, 1])
    var recipe = Recipe(
      data: .idx(images: "images", labels: "labels"),
      model: [.conv2d(2, kernel: 2, initializer: .identity), .flatten],
      loss: .meanSquaredError, optimizer: .sgd(), training: .init(epochs: 1, batch: 4))
    recipe.folder = folder.path
    recipe.input = .init([2, 3, 1])
    let trainer = try Trainer(Problem(recipe))
    #expect(trainer.trainingStep.plan.input.shape == Shape(2, 3, 1))
    // The identity: filter 0 copies the window's first pixel, filter 1 the one on its right.
    let network = try trainer.network()
    #expect(try network.predict([[0, 1, 2, 3, 4, 5]]) == [[0, 1, 1, 2]])
    recipe.input = .init([3, 3, 1])
    let error = #expect(throws: KeelError.self) { _ = try Trainer(Problem(recipe)) }
    #expect(
      error?.description
        == "input: [3 × 3 × 1] has 9 numbers, a row of the data [6]; give a shape whose product is 6"
    )
  }
}
