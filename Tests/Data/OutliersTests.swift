import Foundation
import KeelData
import KeelEngine
import KeelRecipes
import KeelTestSupport
import Testing

/// Which rows lie outside: what is put there, and nothing of real or heavy-tailed columns.
struct OutliersTests {
  private static func rows(_ values: [Float], columns: Int = 1) -> Examples {
    Examples(
      inputs: values, shape: Shape(columns),
      targets: Targets(
        values: .classes([Int32](repeating: 0, count: values.count / columns)), columns: 1))
  }

  private static func normal(_ count: Int, seed: UInt64 = 1) -> [Float] {
    var random = Random(seed: seed, stream: "outliers")
    return (0..<count).map { _ in Float(random.normal()) }
  }

  @Test(arguments: [100, -100, 1e6, 1e38, Float.nan, .infinity])
  func findsWhatIsPutThere(_ value: Float) throws {
    var values = Self.normal(1200)
    values[3 * 100 + 2] = value
    let outliers = Outliers(Self.rows(values, columns: 3))
    #expect(outliers.rows == [100])
    let worst = try #require(outliers.worst)
    #expect((worst.row, worst.column, worst.isTarget) == (100, 2, false))
    // Nine tenths of the distances of a normal have a root mean square of 0.79.
    #expect(abs(worst.usual - 0.79) < 0.06)
  }

  /// Where and how large a column is does not matter, only what stands out of it.
  @Test func unitsDoNotMatter() {
    var values = Self.normal(500)
    values[7] = 300
    let there = Outliers(Self.rows(values.map { 1e6 + 1e3 * $0 }))
    #expect(there.rows == [7])
    #expect(Outliers(Self.rows(Self.normal(500).map { 1e6 + 1e3 * $0 })).rows == [])
  }

  @Test func targetsCountAndTokensDoNot() {
    let (inputs, random) = (Self.normal(500), Self.normal(500, seed: 2))
    var targets = random
    targets[4] = -1e4
    let rows = Examples(
      inputs: inputs, shape: Shape(1), targets: Targets(values: .numbers(targets), columns: 1))
    #expect(Outliers(rows).worst?.isTarget == true)
    var tokens = inputs
    tokens[9] = 1e4
    #expect(Outliers(Self.rows(tokens)).rows == [9])
    #expect(Outliers(Self.rows(tokens), inputs: false).rows == [])
  }

  /// Mostly zeros, a rare category, a constant, nine rows: nothing stands out.
  @Test func sparseColumnsHaveAScale() {
    let sparse = (0..<1000).map { (row: Int) -> Float in row % 12 == 0 ? Float(2000 + 50 * row) : 0
    }
    #expect(Outliers(Self.rows(sparse)).rows == [])
    let rare = (0..<1000).map { (row: Int) -> Float in row % 100 == 0 ? 1 : 0 }
    #expect(Outliers(Self.rows(rare)).rows == [])
    #expect(Outliers(Self.rows([Float](repeating: 3, count: 50))).rows == [])
    #expect(Outliers(Self.rows([0, 1, 2, 3, 4, 5, 6, 7, 1e9])).rows == [])
  }

  /// More than a tenth of the rows are no exception.
  @Test func manyAreNotOutliers() {
    var values = Self.normal(900)
    for column in 0..<9 { for row in 0..<2 { values[9 * (10 * row + column) + column] = 1e5 } }
    #expect(Outliers(Self.rows(values, columns: 9)).rows == [])
    values = Self.normal(900)
    for column in 0..<9 { values[9 * column + column] = 1e5 }
    #expect(Outliers(Self.rows(values, columns: 9)).rows == Array(0..<9))
  }

  /// Columns of real data sets, the longest tails among them: Adult's capital gains and weights.
  @Test(.enabled(if: !SharedCases.all.isEmpty)) func realDataHaveNone() throws {
    let files = try FileManager.default.contentsOfDirectory(
      at: SharedCases.folder, includingPropertiesForKeys: nil
    ).filter { $0.pathExtension == "csv" }
    #expect(files.count > 4)
    for file in files {
      let lines = try Self.cells(file).dropFirst().map { $0.map { Float($0) ?? 0 } }
      let rows = Self.rows(lines.flatMap { $0 }, columns: lines[0].count)
      #expect(Outliers(rows).rows == [], "\(file.lastPathComponent)")
    }
  }

  private static let adult = SharedCases.folder.appendingPathComponent("../data/adult/adult.data")

  @Test(.enabled(if: FileManager.default.fileExists(atPath: adult.path)))
  func adultHasNone() throws {
    let lines = try Self.cells(Self.adult).filter { $0.count == 15 }
    let numbers = lines.flatMap { line in [0, 2, 4, 10, 11, 12].map { Float(line[$0]) ?? .nan } }
    #expect(numbers.count > 100_000)
    #expect(Outliers(Self.rows(numbers, columns: 6)).rows == [])
  }

  private static func cells(_ file: URL) throws -> [[Substring]] {
    try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { line in
      line.split(separator: ",").map { $0.drop { $0 == " " } }
    }
  }

  @Test func theOthersStayAsTheyWere() {
    let inputs = (0..<12).map(Float.init)
    let rows = Examples(
      inputs: inputs, shape: Shape(2),
      targets: Targets(values: .numbers([0, 1, 2, 3, 4, 5]), columns: 1))
    let left = rows.leavingOut([1, 4])
    #expect(left.inputs == [0, 1, 4, 5, 6, 7, 10, 11])
    #expect(left.targets.values == .numbers([0, 2, 3, 5]))
    // What is left tells how large the data are.
    let summary = DataSummary(rows, leavingOut: [1, 5])
    let squares = [0, 1, 4, 5, 6, 7, 8, 9].reduce(0) { $0 + $1 * $1 }
    #expect(summary.inputs.rms == (Double(squares) / 8).squareRoot())
  }

  /// A row keeps the number that its file gives it, whatever was left out before it, and split off.
  @Test func rowsKeepTheirNumbers() throws {
    let values = (0..<20).map(Float.init)
    let left = Self.rows(values).leavingOut([0, 3]).leavingOut([1, 5])
    #expect(left.inputs.prefix(4) == [1, 4, 5, 6])
    #expect((0..<4).map { left.number(ofRow: $0) } == [2, 5, 6, 7])
    #expect(left.rows(3..<10).number(ofRow: 1) == 9)
    #expect(Self.rows(values).rows(12..<20).number(ofRow: 2) == 15)
  }

  /// What is left is not judged anew, though it has another scale: the nine tenths nearest to the
  /// median are then others.
  @Test func whatIsLeftIsNotJudgedAnew() {
    var values = Self.normal(1000)
    for row in 0..<95 { values[row] = 1e6 }
    values[500] = 22
    var recipe = Recipe(
      data: .regression(), model: [.dense(1)], loss: .softmaxCrossEntropy,
      optimizer: .sgd(learningRate: 0.01), training: .init(epochs: 1, batch: 32))
    recipe.training.badRows = .drop
    let once = recipe.droppingBadRows(of: DataSplit(train: Self.rows(values), test: nil))
    #expect(once.train.count == 905)
    #expect(recipe.outliers(in: once.train).rows == [405])
    #expect(recipe.droppingBadRows(of: once).train.count == 905)
  }
}
