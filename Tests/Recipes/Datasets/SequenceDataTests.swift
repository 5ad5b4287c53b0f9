import Foundation
import KeelData
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import Testing

/// Generated sequences: what they hold, and that their targets are what they say.
struct SequenceDataTests {
  static let all: [Choice<Datasets>] = [
    .addingProblem(length: 12, samples: 101), .temporalOrder(length: 20, samples: 101),
    .copyMemory(length: 7, samples: 101, symbols: 3, span: 4), .teacher(samples: 101),
  ]

  private func load(_ dataset: Choice<Datasets>, seed: UInt64 = 7) throws -> DataSplit {
    try dataset.member.load(from: "", seed: seed)
  }

  private func classes(_ rows: Examples) throws -> [Int] {
    guard case .classes(let classes) = rows.targets.values else {
      throw KeelError(.broken, at: "test", "targets are numbers", fix: "")
    }
    return classes.map(Int.init)
  }

  private func numbers(_ rows: Examples) throws -> [Float] {
    guard case .numbers(let numbers) = rows.targets.values else {
      throw KeelError(.broken, at: "test", "targets are classes", fix: "")
    }
    return numbers
  }

  /// One row, step by step.
  private func steps(_ rows: Examples, _ row: Int) -> [[Float]] {
    let (count, width) = (rows.shape.axes[0], rows.shape.last)
    return (0..<count).map { step in
      let first = (row * count + step) * width
      return Array(rows.inputs[first..<first + width])
    }
  }

  @Test(arguments: all) func sameSeedSameRows(_ dataset: Choice<Datasets>) throws {
    let (a, b, other) = (
      try load(dataset).train, try load(dataset).train, try load(dataset, seed: 8).train
    )
    #expect(a.count == 101)
    #expect(a.inputs == b.inputs && a.targets == b.targets)
    #expect(a.inputs != other.inputs)
    let recipe = Recipe(
      data: dataset, model: [.dense(1)], loss: .meanSquaredError, optimizer: .sgd(),
      training: .init(epochs: 1, batch: 1))
    #expect(try Recipe(recipe.written).data == dataset, "reads back as it was written")
  }

  @Test func testPartIsTheEndOfTheSameRows() throws {
    let whole = try load(.copyMemory(length: 5, samples: 40)).train
    let parts = try load(.copyMemory(length: 5, samples: 40, test: .fraction(0.25)))
    #expect(parts.test?.count == 10 && parts.train.count == 30)
    #expect(parts.train.inputs + (parts.test?.inputs ?? []) == whole.inputs)
    #expect(try classes(parts.train) + classes(parts.test!) == classes(whole))
    #expect(parts.test?.targets.positions == 25)
  }

  /// One mark in each half; the target is the sum of what they mark.
  @Test(arguments: [2, 3, 12]) func addingProblem(length: Int) throws {
    let rows = try load(.addingProblem(length: length, samples: 300)).train
    #expect(rows.shape == Shape(length, 2))
    let sums = try numbers(rows)
    var seen: Set<Int> = []
    for row in 0..<rows.count {
      let steps = steps(rows, row)
      let marked = steps.indices.filter { steps[$0][1] == 1 }
      #expect(marked.count == 2 && marked[0] < length / 2 && marked[1] >= length / 2)
      #expect(steps.allSatisfy { (0..<1).contains($0[0]) && ($0[1] == 0 || $0[1] == 1) })
      #expect(abs(marked.reduce(0) { $0 + steps[$1][0] } - sums[row]) < 1e-6)
      seen.formUnion(marked)
    }
    #expect(seen.count == length, "every step is marked in some row")
    let mean = sums.reduce(0, +) / 300
    let variance = sums.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 300
    // 1/6, standard error about 0.012.
    #expect(abs(variance - 1 / 6) < 0.05, "seed 7")
  }

  /// Two symbols of A and B in their ranges, and the class that they make.
  @Test(arguments: [10, 20, 57]) func temporalOrder(length: Int) throws {
    let rows = try load(.temporalOrder(length: length, samples: 300)).train
    #expect(rows.shape == Shape(length, 6))
    let labels = try classes(rows)
    for row in 0..<rows.count {
      let steps = steps(rows, row)
      #expect(steps.allSatisfy { $0.reduce(0, +) == 1 && $0.max() == 1 })
      let symbols = steps.map { $0.firstIndex(of: 1)! }
      let places = symbols.indices.filter { symbols[$0] < 2 }
      #expect(places.count == 2)
      #expect((length / 10...2 * length / 10).contains(places[0]))
      #expect((4 * length / 10...5 * length / 10).contains(places[1]))
      #expect(labels[row] == 2 * symbols[places[0]] + symbols[places[1]])
    }
    for label in 0..<4 {
      // 75 ± 7.5.
      #expect((40...110).contains(labels.count { $0 == label }), "seed 7")
    }
    #expect(rows.targets.names == ["AA", "AB", "BA", "BB"])
  }

  @Test func copyMemory() throws {
    let (length, symbols, span) = (7, 3, 4)
    let rows = try load(
      .copyMemory(length: length, samples: 60, symbols: symbols, span: span)
    ).train
    #expect(rows.shape == Shape(15, 5))
    #expect(rows.targets.positions == 15)
    let labels = try classes(rows)
    for row in 0..<rows.count {
      let shown = steps(rows, row).map { $0.firstIndex(of: 1)! }
      #expect(steps(rows, row).allSatisfy { $0.reduce(0, +) == 1 })
      #expect(shown[..<span].allSatisfy { $0 < symbols })
      #expect(shown[span..<span + length - 1].allSatisfy { $0 == symbols })
      #expect(shown[span + length - 1] == symbols + 1)
      #expect(shown[(span + length)...].allSatisfy { $0 == symbols })
      let wanted = labels[row * 15..<(row + 1) * 15]
      #expect(wanted.dropLast(span).allSatisfy { $0 == symbols })
      #expect(Array(wanted.suffix(span)) == Array(shown[..<span]))
    }
  }

  /// The same inputs have the same answers, and another activation gives others.
  @Test func teacher() throws {
    for activation in [Teacher.Activation.tanh, .relu] {
      let plain = try load(
        .teacher(samples: 500, features: 6, units: 64, layers: 2, activation: activation)
      ).train
      let noisy = try load(
        .teacher(
          samples: 500, features: 6, units: 64, layers: 2, activation: activation, noise: 0.5)
      ).train
      #expect(plain.shape == Shape(6) && plain.inputs == noisy.inputs)
      let (a, b) = (try numbers(plain), try numbers(noisy))
      let size = (a.reduce(0) { $0 + $1 * $1 } / 500).squareRoot()
      #expect((0.3...3).contains(size), "\(activation): \(size)")
      let noise = zip(a, b).map { $1 - $0 }
      let deviation = (noise.reduce(0) { $0 + $1 * $1 } / 500).squareRoot()
      // 0.5 ± 0.016.
      #expect(abs(deviation - 0.5) < 0.08, "seed 7")
    }
  }

  struct Refusal: CustomTestStringConvertible, Sendable {
    let dataset: Choice<Datasets>
    let message: String
    var testDescription: String { message }
  }

  static let huge = 1 << 52

  @Test(arguments: [
    Refusal(
      dataset: .addingProblem(length: 1),
      message: "data.adding-problem.length: 1 is out of range; write a whole number of at least 2"),
    Refusal(
      dataset: .addingProblem(length: huge, samples: huge),
      message: "data.adding-problem: 4503599627370496 rows of 9007199254740992 numbers do not fit "
        + "memory; ask for fewer samples"),
    Refusal(
      dataset: .temporalOrder(length: 9),
      message: "data.temporal-order.length: 9 is out of range; write a whole number of at least 10"),
    Refusal(
      dataset: .copyMemory(length: huge, symbols: huge, span: huge),
      message: "data.copy-memory: 1000 rows of 9223372036854775807 numbers do not fit memory; ask "
        + "for fewer samples"),
    Refusal(
      dataset: .copyMemory(symbols: 1),
      message: "data.copy-memory.symbols: 1 is out of range; write a whole number of at least 2"),
    Refusal(
      dataset: .teacher(units: huge, layers: 2),
      message: "data.teacher: 2 layers of 4503599627370496 units on 10 features do not fit memory; "
        + "ask for fewer units"),
    Refusal(
      dataset: .teacher(noise: -1),
      message: "data.teacher.noise: -1 is out of range; write a number of at least 0"),
  ])
  func refuses(_ refusal: Refusal) throws {
    let error = #expect(throws: KeelError.self) { _ = try load(refusal.dataset) }
    #expect(error?.description == refusal.message)
    #expect(error?.kind == .invalid)
  }
}
