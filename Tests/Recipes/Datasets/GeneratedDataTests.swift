import Foundation
import KeelData
import KeelEngine
import KeelRecipes
import KeelSettings
import Testing

struct GeneratedDataTests {
  static let all: [Choice<Datasets>] = [
    .circles(samples: 101), .moons(samples: 101), .blobs(samples: 101),
    .regression(samples: 101), .spirals(samples: 101),
  ]

  func load(_ dataset: Choice<Datasets>, seed: UInt64 = 7) throws -> DataSplit {
    try dataset.member.load(from: "", seed: seed)
  }

  func classes(_ rows: Examples) throws -> [Int32] {
    guard case .classes(let classes) = rows.targets.values else {
      throw KeelError(.broken, at: "test", "targets are numbers", fix: "")
    }
    return classes
  }

  /// The rows of a class, as points.
  func points(_ rows: Examples, of wanted: Int32) throws -> [SIMD2<Double>] {
    try classes(rows).enumerated().filter { $0.element == wanted }.map { row, _ in
      SIMD2(Double(rows.inputs[2 * row]), Double(rows.inputs[2 * row + 1]))
    }
  }

  // MARK: what all share

  @Test(arguments: all) func sameSeedSameRows(_ dataset: Choice<Datasets>) throws {
    let (a, b, other) = (
      try load(dataset).train, try load(dataset).train, try load(dataset, seed: 8).train
    )
    #expect(a.count == 101)
    #expect(a.inputs == b.inputs && a.targets == b.targets)
    #expect(a.inputs != other.inputs)
    #expect(a.inputs.allSatisfy { $0.isFinite })
  }

  @Test func testPartIsTheEndOfTheSameRows() throws {
    for test in [TestPart.fraction(0.2), .count(20)] {
      let whole = try load(.moons(samples: 100)).train
      let parts = try load(.moons(samples: 100, test: test))
      #expect(parts.train.inputs + (parts.test?.inputs ?? []) == whole.inputs)
      #expect(parts.test?.count == 20)
    }
  }

  @Test func rowsAreShuffled() throws {
    for dataset in [.circles(samples: 200), .moons(samples: 200)] as [Choice<Datasets>] {
      let inFirstHalf = try classes(try load(dataset).train).prefix(100).count { $0 == 1 }
      // Hypergeometric: mean 50, deviation 3.5; sorted rows would give 0 or 100.
      #expect((30...70).contains(inFirstHalf), "seed 7")
    }
  }

  @Test func classesAreBalanced() throws {
    func counts(_ dataset: Choice<Datasets>) throws -> [Int] {
      let all = try classes(try load(dataset).train)
      return (0...all.max()!).map { wanted in all.count { $0 == wanted } }
    }
    #expect(try counts(.circles(samples: 101)) == [50, 51])
    #expect(try counts(.moons(samples: 101)) == [50, 51])
    #expect(try counts(.circles(samples: 2)) == [1, 1])
    #expect(try counts(.moons(samples: 2)) == [1, 1])
    #expect(try counts(.blobs(samples: 11, classes: 4)) == [3, 3, 3, 2])
  }

  // MARK: each

  @Test func circlesLieOnTheirRadii() throws {
    let rows = try load(.circles(samples: 100, noise: 0, factor: 0.25)).train
    for (wanted, radius) in [(Int32(0), 1.0), (1, 0.25)] {
      let points = try points(rows, of: wanted)
      #expect(points.allSatisfy { abs(($0 * $0).sum().squareRoot() - radius) < 1e-6 })
      // Equal angles all around: the centre is the origin.
      #expect(abs(points.reduce(.zero, +).sum()) < 1e-4)
    }
  }

  @Test func moonsLieOnTheirHalfCircles() throws {
    let rows = try load(.moons(samples: 100, noise: 0)).train
    for (wanted, center, side) in [
      (Int32(0), SIMD2(0.0, 0.0), 1.0), (1, SIMD2(1.0, 0.5), -1.0),
    ] {
      let points = try points(rows, of: wanted).map { $0 - center }
      #expect(points.allSatisfy { abs(($0 * $0).sum().squareRoot() - 1) < 1e-6 })
      #expect(points.allSatisfy { $0.y * side > -1e-6 })
      #expect(points.contains { $0.x > 0.999999 } && points.contains { $0.x < -0.999999 })
    }
  }

  @Test func noiseHasItsDeviation() throws {
    let rows = try load(.circles(samples: 4000, noise: 0.1)).train
    let radii = try points(rows, of: 0).map { ($0 * $0).sum().squareRoot() - 1 }
    let deviation = (radii.map { $0 * $0 }.reduce(0, +) / Double(radii.count)).squareRoot()
    // Standard error of a deviation: 0.1/√(2·2000) = 0.0016.
    #expect(abs(deviation - 0.1) < 0.008, "seed 7")
  }

  @Test func blobsSpreadAroundTheirCentres() throws {
    let rows = try load(.blobs(samples: 3000, classes: 3, features: 2, spread: 0.5)).train
    #expect(rows.shape == Shape(2))
    for wanted in Int32(0)..<3 {
      let points = try points(rows, of: wanted)
      let center = points.reduce(.zero, +) / Double(points.count)
      #expect(abs(center.x) < 10.1 && abs(center.y) < 10.1)
      let squares = points.map { ($0 - center) * ($0 - center) }.reduce(.zero, +)
      let deviation = (squares.sum() / Double(2 * points.count)).squareRoot()
      // Standard error 0.5/√(2·2000) = 0.008.
      #expect(abs(deviation - 0.5) < 0.04, "seed 7")
    }
    #expect(try load(.blobs(samples: 10, features: 5)).train.shape == Shape(5))
  }

  @Test func regressionIsLinear() throws {
    let features = 3
    let samples = 8
    let rows = try load(.regression(samples: samples, features: features, noise: 0)).train
    guard case .numbers(let y) = rows.targets.values else { return #expect(Bool(false)) }
    #expect(rows.targets.columns == 1)
    // Any features + 1 rows of a homogeneous linear map have a singular matrix [x | y].
    for first in 0...(samples - features - 1) {
      var matrix = (first...first + features).map { row in
        (0..<features).map { Double(rows.inputs[row * features + $0]) } + [Double(y[row])]
      }
      #expect(abs(determinant(&matrix)) < 1e-4, "seed 7")
    }
    #expect(y.contains { abs($0) > 1e-3 })
  }

  /// Gaussian elimination with the largest pivot.
  func determinant(_ matrix: inout [[Double]]) -> Double {
    var product = 1.0
    for column in matrix.indices {
      let pivot = (column..<matrix.count).max { abs(matrix[$0][column]) < abs(matrix[$1][column]) }!
      if pivot != column {
        matrix.swapAt(pivot, column)
        product = -product
      }
      product *= matrix[column][column]
      if product == 0 { return 0 }
      for row in (column + 1)..<max(matrix.count, column + 1) {
        let factor = matrix[row][column] / matrix[column][column]
        for index in column..<matrix.count { matrix[row][index] -= factor * matrix[column][index] }
      }
    }
    return product
  }

  @Test func regressionHasTheScaleItSays() throws {
    let rows = try load(.regression(samples: 2000, features: 400, noise: 0)).train
    guard case .numbers(let y) = rows.targets.values else { return #expect(Bool(false)) }
    let deviation = (y.map { Double($0 * $0) }.reduce(0, +) / Double(y.count)).squareRoot()
    // ‖w‖ is √400 ± 0.7 (one standard deviation).
    #expect(abs(deviation - 20) < 4, "seed 7")
  }

  // MARK: what is refused

  struct Refusal: CustomTestStringConvertible, Sendable {
    var dataset: Choice<Datasets>
    var message: String
    var testDescription: String { message }
  }

  static let huge = 1 << 52

  @Test(arguments: [
    Refusal(
      dataset: .circles(samples: huge),
      message: "data.circles: 4503599627370496 rows of 2 numbers do not fit memory; ask for fewer "
        + "samples"),
    Refusal(
      dataset: .moons(samples: huge),
      message: "data.moons: 4503599627370496 rows of 2 numbers do not fit memory; ask for fewer "
        + "samples"),
    Refusal(
      dataset: .blobs(samples: huge, classes: huge, features: huge),
      message: "data.blobs: 4503599627370496 rows of 4503599627370496 numbers do not fit memory; "
        + "ask for fewer samples"),
    Refusal(
      dataset: .regression(samples: 3_000_000_000, features: 1),
      message: "data.regression: 3000000000 rows of 1 numbers do not fit memory; ask for fewer "
        + "samples"),
    Refusal(
      dataset: .regression(samples: 2, features: huge),
      message: "data.regression: 2 rows of 4503599627370496 numbers do not fit memory; ask for "
        + "fewer samples"),
    Refusal(
      dataset: .circles(samples: 1),
      message: "data.circles.samples: 1 is out of range; write a whole number of at least 2"),
    Refusal(
      dataset: .circles(factor: 1),
      message: "data.circles.factor: 1 is out of range; write a number above 0 and below 1"),
    Refusal(
      dataset: .moons(noise: .nan),
      message: "data.moons.noise: nan is not a finite number; write a number of at least 0"),
    Refusal(
      dataset: .moons(noise: -0.5),
      message: "data.moons.noise: -0.5 is out of range; write a number of at least 0"),
    Refusal(
      dataset: .blobs(classes: 0),
      message: "data.blobs.classes: 0 is out of range; write a whole number of at least 2"),
    Refusal(
      dataset: .blobs(samples: 4, classes: 5),
      message: "data.blobs.classes: 5 classes, but only 4 samples; ask for at least one sample of "
        + "each class"),
    Refusal(
      dataset: .regression(features: 0),
      message: "data.regression.features: 0 is out of range; write a whole number of at least 1"),
    Refusal(
      dataset: .regression(samples: 10, test: .count(10)),
      message: "data.regression: test: 10 takes 10 of 10 rows; leave at least one row to test and "
        + "one to train"),
    Refusal(
      dataset: .regression(test: .fraction(.nan)),
      message: "data.regression.test: nan is not a finite number; write a number above 0"),
  ])
  func refuses(_ refusal: Refusal) throws {
    let error = #expect(throws: KeelError.self) { _ = try load(refusal.dataset) }
    #expect(error?.description == refusal.message)
    #expect(error?.kind == .invalid)
  }
}
