import KeelData
import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelTestSupport
import KeelTraining
import Testing

struct ProblemTests {
  /// Of the training part only, once, and only where the recipe says so.
  @Test func aRecipeDropsThem() throws {
    var recipe = Recipe(
      data: .regression(
        samples: 640, features: 8, test: .fraction(0.2), outliers: 4, outlierScale: 1000),
      model: [.dense(1)], loss: .meanSquaredError, optimizer: .sgd(learningRate: 0.01),
      training: .init(epochs: 1, batch: 32))
    let whole = try Problem(recipe).rows
    recipe.training.badRows = .drop
    let parts = try Problem(recipe).rows
    #expect(parts.train.count == whole.train.count - 4)
    #expect(recipe.outliers(in: whole.train).rows.count == 4)
    #expect(parts.test?.inputs == whole.test?.inputs)
    #expect(
      whole.train.leavingOut(recipe.outliers(in: whole.train).rows).inputs == parts.train.inputs)
  }

  // MARK: rows that a program gives

  private static let recipe = Recipe(
    data: .memory, model: [.dense(3)], loss: .softmaxCrossEntropy,
    optimizer: .sgd(learningRate: 0.1), training: .init(epochs: 1, batch: 4))

  private static func examples(_ rows: Int, width: Int = 2) throws -> Examples {
    try Examples(
      inputs: (0..<rows).map { row in (0..<width).map { Float(row + $0) } },
      classes: (0..<rows).map { $0 % 3 })
  }

  private func failure(_ work: () throws -> Void) throws -> KeelError {
    try #require(#expect(throws: KeelError.self) { try work() })
  }

  @Test func rowsMustFitEachOther() throws {
    let rows = try Self.examples(12)
    #expect(try failure { _ = try Problem(Self.recipe) }.place == "data.memory")
    var short = rows
    short.inputs.removeLast()
    #expect(
      try failure { _ = try Problem(Self.recipe, train: short) }.place == "train.inputs")
    var none = rows
    (none.inputs, none.targets.values) = ([], .classes([]))
    #expect(try failure { _ = try Problem(Self.recipe, train: none) }.place == "train")
    var torn = rows
    torn.targets = Targets(values: .numbers([Float](repeating: 0, count: 25)), columns: 2)
    #expect(try failure { _ = try Problem(Self.recipe, train: torn) }.place == "train.targets")
    var named = rows
    named.columns = ["x"]
    #expect(
      try failure { _ = try Problem(Self.recipe, train: named) }.place == "train.columns")
    (named.columns, named.targets.names) = (["x", "y"], ["a", "b"])
    #expect(
      try failure { _ = try Problem(Self.recipe, train: named) }.what.contains("class 2"))
    named.targets.names = ["a", "b", "c"]
    var swapped = named
    swapped.columns = ["y", "x"]
    #expect(
      try failure { _ = try Problem(Self.recipe, train: named, test: swapped) }.place == "test")
    let wide = try Self.examples(6, width: 3)
    let error = try failure { _ = try Problem(Self.recipe, train: rows, test: wide) }
    #expect(error.place == "test" && error.what.contains("3") && error.what.contains("2"))
    let numbers = try Examples(inputs: [[1, 2]], targets: [[1]])
    #expect(
      try failure { _ = try Problem(Self.recipe, train: rows, test: numbers) }.place == "test")
  }

  @Test func raggedRowsAndForeignClassesAreErrors() throws {
    #expect(
      try failure { _ = try Examples(inputs: [[1, 2], [3]], classes: [0, 1]) }.place
        == "inputs[1]")
    for label in [3, -1] {
      let rows = try Examples(inputs: [[1, 2], [3, 4], [5, 6]], classes: [0, 1, label])
      let problem = try Problem(Self.recipe, train: rows)
      let error = try failure { _ = try Trainer(problem) }
      #expect(error.kind == .invalid && error.place.contains("row 3"))
    }
  }

  /// What is no number is an input's fault, wherever it comes from, and the row is named.
  @Test func whatIsNoNumberIsFound() throws {
    var rows = try Self.examples(40)
    rows.inputs[21] = .nan
    let problem = try Problem(Self.recipe, train: rows)
    #expect(problem.outliers.rows == [10])
    #expect(try Trainer(problem).train().explosion?.origin == .input)
    var dropping = Self.recipe
    dropping.training.badRows = .drop
    #expect(problem.with(dropping).rows.train.count == 39)
  }

  /// Arrays that change afterwards are not those of the problem.
  @Test func aProblemIsAValue() throws {
    var rows = try Self.examples(12)
    let problem = try Problem(Self.recipe, train: rows)
    let before = problem.checksum
    rows.inputs[0] = 100
    #expect(problem.checksum == before)
    #expect(try Problem(Self.recipe, train: rows).checksum != before)
    let trainer = try Trainer(problem)
    _ = trainer.train(steps: 2)
    #expect(
      try failure {
        _ = try Trainer(
          resuming: trainer.checkpoint(), of: Problem(Self.recipe, train: rows))
      }.place == "data")
  }
}
