import KeelTraining
import Testing

struct PowerIterationTests {
  /// Also where a negative eigenvalue is larger in magnitude.
  @Test(
    arguments: [
      [5, 2, 1], [1, -10], [3, -4, 0.5], [2, -2.5, 1, -0.3], [-1, -5, -3], [0.01, -100, 0.005],
    ] as [[Float]])
  func theLargestIsFound(_ spectrum: [Float]) throws {
    var iteration = PowerIteration()
    iteration.begin(with: spectrum.indices.map { 1 + 0.3 * Float($0) })
    var value = Double.nan
    for _ in 0..<4000 {
      value = iteration.advance(image: zip(iteration.direction, spectrum).map { $0 * $1 })
    }
    let largest = Double(try #require(spectrum.max()))
    #expect(abs(value - largest) <= 1e-3 * Double(try #require(spectrum.map(abs).max())))
  }

  @Test func zeroDoesNotBegin() {
    var iteration = PowerIteration()
    iteration.begin(with: [0, 0])
    #expect(iteration.direction.isEmpty)
  }
}
