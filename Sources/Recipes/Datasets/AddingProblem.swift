import KeelData
import KeelEngine
import KeelSettings

/// Long sequences of numbers, two of them marked: the target is the sum of these two.
///
/// **Definition** Every step has a value, uniform in [0, 1), and a marker: 1 in one step of the
/// first half and in one of the second, else 0. The target is the sum of the marked values; the
/// best constant, 1, has a mean squared error of 1/6.
///
/// **Shapes** Inputs [`length`, 2], value and marker; targets are numbers, one column.
///
/// **References** Hochreiter and Schmidhuber, *Long short-term memory*, 1997, experiment 4; markers
/// as in Arjovsky et al., 2016.
public struct AddingProblem: Dataset {
  public static let name = "adding-problem"
  public static let summary = "the sum of two marked numbers in a long sequence"
  public static let fields: [Field<AddingProblem>] = [
    .init("length", \.length, .atLeast(2), "steps of a sequence"),
    .init("samples", \.samples, .atLeast(2), "rows in all"),
    .init("test", \.test, "the last rows: a fraction, or a count"),
  ]
  /// Steps of a sequence, at least 2.
  public var length = 50
  /// Rows, test part included.
  public var samples = 1000
  /// The last rows, kept apart for testing.
  public var test = TestPart.none

  public init() {}

  public func load(from folder: String, seed: UInt64) throws -> DataSplit {
    try check()
    try checkMemory(samples: samples, numbers: Shape(length, 2).count)
    var random = Random(seed: seed, stream: "data/adding-problem")
    var inputs: [Float] = []
    var sums: [Float] = []
    inputs.reserveCapacity(samples * length * 2)
    for _ in 0..<samples {
      let half = length / 2
      let marks = [random.below(half), half + random.below(length - half)]
      var sum = 0.0
      for step in 0..<length {
        let value = random.uniform()
        if marks.contains(step) { sum += value }
        inputs += [Float(value), marks.contains(step) ? 1 : 0]
      }
      sums.append(Float(sum))
    }
    // Rows are independent and need no shuffling.
    let rows = Examples(
      inputs: inputs, shape: Shape(length, 2), targets: Targets(values: .numbers(sums), columns: 1))
    return try test.split(rows, at: "data.adding-problem")
  }
}

extension Random {
  /// A whole number from 0 to below `count`.
  mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }
}

extension Choice where F == Datasets {
  /// `adding-problem: {length: …, samples: …, test: …}` in a recipe.
  public static func addingProblem(
    length: Int = 50, samples: Int = 1000, test: TestPart = .none
  ) -> Choice {
    var problem = AddingProblem()
    (problem.length, problem.samples, problem.test) = (length, samples, test)
    return Choice(problem)
  }
}
