import KeelAuthoring
import KeelReport
import Synchronization
import Testing

/// What a person sees while it trains.
struct TrainingViewTests {
  private static func steps(rate: Double = 0.05, layers: Int = 6) async throws -> [Run.Step] {
    let recipe = Recipe(
      data: .regression(samples: 200, features: 4, noise: 0.1),
      model: [.repeat(layers, [.dense(8), .tanh]), .dense(1)], initializer: .xavier(),
      loss: .meanSquaredError, optimizer: .sgd(learningRate: rate),
      training: .init(epochs: 60, batch: 20))
    let steps = Mutex<[Run.Step]>([])
    let run = try Run(Problem(recipe))
    _ = await run.train { step in steps.withLock { $0.append(step) } }
    return steps.withLock { $0 }
  }

  private static func seen(_ steps: [Run.Step]) -> TrainingView {
    steps.reduce(into: TrainingView()) { $0.add($1) }
  }

  private static func width(_ line: String) -> Int {
    line.count { character in
      !character.unicodeScalars.allSatisfy { (0xFDD0...0xFDEF).contains($0.value) }
    }
  }

  @Test(arguments: [20, 39, 40, 79, 119]) func noLineIsTooWide(_ width: Int) async throws {
    let view = Self.seen(try await Self.steps(layers: 40))
    for isUnicode in [true, false] {
      let lines = view.lines("training", width: width, isUnicode: isUnicode)
      #expect(lines.count == (width < 40 ? 1 : 4))
      #expect(lines.allSatisfy { Self.width($0) <= width }, "\(lines)")
      let marks = Set(lines.joined().unicodeScalars.filter { !$0.isASCII }.map(\.value))
      #expect(isUnicode || marks.allSatisfy { (0xFDD0...0xFDEF).contains($0) })
    }
  }

  @Test func theNumbersAreThere() async throws {
    let steps = try await Self.steps()
    let lines = Self.seen(Array(steps.prefix(100))).lines("training", width: 100, isUnicode: true)
    #expect(lines[0].hasPrefix("training ━") && lines[0].contains("100/600"))
    #expect(lines[0].contains("steps/s") && lines[0].hasSuffix("left"))
    #expect(lines[1].hasPrefix("loss") && lines[2].hasPrefix("gradient"))
    #expect(lines[3].hasPrefix("layers") && lines[3].contains("dense-1 … dense-7"))
    #expect(Self.seen(steps).line("training").hasPrefix("training 600/600, loss "))
  }

  /// What goes wrong is said, and is a mark in the curve.
  @Test func anExplosionIsSeen() async throws {
    let steps = try await Self.steps(rate: 1e36)
    let lines = Self.seen(steps).lines("training", width: 100, isUnicode: true)
    #expect(lines.last?.contains("is not finite") == true, "\(lines)")
    #expect(lines[1].contains("×") || lines[2].contains("×"))
  }

  /// A run that goes back says so; one that begins anew is another.
  @Test func goingBackIsSeen() async throws {
    let steps = try await Self.steps()
    var view = Self.seen(Array(steps.prefix(100)))
    view.add(steps[40])
    #expect(
      view.lines("training", width: 100, isUnicode: true).last?.contains("back to step 40") == true)
    view.add(steps[0])
    #expect(view.lines("training", width: 100, isUnicode: true).count == 4)
  }

  /// A low window has one line.
  @Test func aLowWindowHasOneLine() async throws {
    let view = Self.seen(try await Self.steps())
    #expect(view.lines("training", width: 80, isUnicode: true, height: 6).count == 1)
  }
}
