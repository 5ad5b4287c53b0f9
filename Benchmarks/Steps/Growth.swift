import Foundation
import KeelAuthoring

/// How the time of a step grows with one size of a training: milliseconds, and the exponent of the
/// power of the size that fits them best.
struct Growth {
  let axis: String
  let sizes: [Int]
  /// What the time is held against: the size, or the parameters that it makes.
  var extent: @Sendable (Int) -> Double = { Double($0) }
  /// A training of that size, and how many steps of it are timed.
  let workload: @Sendable (Int) -> Workload

  static let all = [
    Growth(axis: "depth, layers of 64 units", sizes: [8, 32, 125, 500, 1000]) {
      .stack(layers: $0, of: 64, batch: 64, steps: 4000 / $0)
    },
    Growth(axis: "batch, rows of 4 layers of 256 units", sizes: [16, 64, 256, 1024]) {
      .stack(layers: 4, of: 256, batch: $0, steps: 8192 / $0)
    },
    Growth(axis: "length, steps of an LSTM of 64 units", sizes: [16, 64, 256, 1024]) {
      .sequence(length: $0, of: 64, steps: 2048 / $0)
    },
    Growth(
      axis: "parameters, 4 layers of so many units", sizes: [128, 256, 512, 1024, 2048, 5000],
      extent: { 4 * Double($0) * Double($0) }
    ) { .stack(layers: 4, of: $0, batch: 32, steps: max(2, 100_000 / $0 / $0)) },
  ]

  /// The middle of so many turns through all sizes.
  func line(pairs: Int) async throws -> String {
    let runs = try sizes.map { (workload($0).steps, try workload($0).run()) }
    var times = sizes.map { _ in [Double]() }
    for turn in 0...pairs {
      for (index, (steps, run)) in runs.enumerated() {
        let rate = await run.train(steps: steps).stepsPerSecond
        if turn > 0 { times[index].append(1000 / rate) }
      }
    }
    let middles = times.map { $0.sorted()[$0.count / 2] }
    let points = zip(sizes, middles).map { (log(extent($0)), log($1)) }
    let cells = zip(sizes, middles).map { "\($0): \(String(format: "%.3g", $1))" }
    return "| \(axis) | \(cells.joined(separator: ", ")) | "
      + "\(String(format: "%.2f", Self.slope(points))) |"
  }

  /// Of the line of least squares.
  private static func slope(_ points: [(x: Double, y: Double)]) -> Double {
    let count = Double(points.count)
    let (x, y) = (points.map(\.x).reduce(0, +) / count, points.map(\.y).reduce(0, +) / count)
    return points.reduce(0) { $0 + ($1.x - x) * ($1.y - y) }
      / points.reduce(0) { $0 + ($1.x - x) * ($1.x - x) }
  }
}
