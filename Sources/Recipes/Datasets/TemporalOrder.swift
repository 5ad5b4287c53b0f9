import KeelData
import KeelEngine
import KeelSettings

/// Sequences of symbols, two of which count: the class tells which came first, A or B.
///
/// **Definition** One step in [T/10, 2T/10] and one in [4T/10, 5T/10] show A or B, all others one
/// of c, d, e, f, each with equal chance. The class is what the two steps showed: AA, AB, BA or BB.
///
/// **Shapes** Inputs [`length`, 6], one-hot in the order A, B, c, d, e, f; classes 0 ..< 4.
///
/// **References** Hochreiter and Schmidhuber, *Long short-term memory*, 1997, experiment 6; Pascanu
/// et al., *On the difficulty of training recurrent neural networks*, ICML 2013, §4.1.
public struct TemporalOrder: Dataset {
  public static let name = "temporal-order"
  public static let summary = "the order of two symbols in a long sequence"
  public static let fields: [Field<TemporalOrder>] = [
    .init("length", \.length, .atLeast(10), "steps of a sequence"),
    .init("samples", \.samples, .atLeast(2), "rows in all"),
    .init("test", \.test, "the last rows: a fraction, or a count"),
  ]
  /// Steps of a sequence, at least 10.
  public var length = 50
  /// Rows, test part included.
  public var samples = 1000
  /// The last rows, kept apart for testing.
  public var test = TestPart.none

  public init() {}

  public func load(from folder: String, seed: UInt64) throws -> DataSplit {
    try check()
    try checkMemory(samples: samples, numbers: Shape(length, 6).count)
    var random = Random(seed: seed, stream: "data/temporal-order")
    var inputs = [Float](repeating: 0, count: samples * length * 6)
    var labels: [Int32] = []
    for row in 0..<samples {
      let (first, second) = (random.below(2), random.below(2))
      let early = random.step(from: length / 10, to: 2 * length / 10)
      let late = random.step(from: 4 * length / 10, to: 5 * length / 10)
      for step in 0..<length {
        let symbol = step == early ? first : step == late ? second : 2 + random.below(4)
        inputs[(row * length + step) * 6 + symbol] = 1
      }
      labels.append(Int32(2 * first + second))
    }
    // Rows are independent and need no shuffling.
    let rows = Examples(
      inputs: inputs, shape: Shape(length, 6),
      targets: Targets(values: .classes(labels), columns: 1, names: ["AA", "AB", "BA", "BB"]))
    return try test.split(rows, at: "data.temporal-order")
  }
}

extension Random {
  /// A whole number of a range, both ends included.
  fileprivate mutating func step(from low: Int, to high: Int) -> Int {
    low + below(high - low + 1)
  }
}

extension Choice where F == Datasets {
  /// `temporal-order: {length: …, samples: …, test: …}` in a recipe.
  public static func temporalOrder(
    length: Int = 50, samples: Int = 1000, test: TestPart = .none
  ) -> Choice {
    var problem = TemporalOrder()
    (problem.length, problem.samples, problem.test) = (length, samples, test)
    return Choice(problem)
  }
}
