import Foundation

/// Where something ends to hold as a factor grows, by bisection of decades.
public struct EdgeSearch: Hashable, Codable, Sendable {
  /// The largest factor seen to hold.
  public private(set) var holding: Double?
  /// The smallest seen to fail.
  public private(set) var failing: Double?

  /// Factors searched: beyond them nothing is an edge any more.
  static let range = 1e-12...1e6

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(holding, forKey: .holding)
    try container.encode(failing, forKey: .failing)
  }

  package init(holding: Double? = nil, failing: Double? = nil) {
    self.holding = holding
    self.failing = failing
  }

  /// failing/holding.
  var width: Double {
    guard let holding, let failing else { return .infinity }
    return failing / holding
  }

  /// Probes where the edge may be until it is known to `resolution`, or `isAffordable` says no.
  /// - Parameters:
  ///   - guess: where to begin; anything.
  ///   - range: factors beyond it are not tried.
  ///   - stride: the first factor between two tries on the same side; squared with each.
  ///   - holds: the experiment.
  package mutating func run(
    guess: Double, range: ClosedRange<Double>, stride: Double = 1.6, resolution: Double,
    isAffordable: () -> Bool, holds: (Double) throws -> Bool
  ) rethrows {
    var next = first(guess, stride)
    var stride = stride
    while width > resolution, isAffordable(), range.contains(next) {
      if try holds(next) {
        holding = max(holding ?? 0, next)
      } else {
        failing = min(failing ?? .infinity, next)
      }
      switch (holding, failing) {
      case (let low?, let high?): next = (low * high).squareRoot()
      case (let low?, nil): next = low * stride
      case (nil, let high?): next = high / stride
      case (nil, nil): break
      }
      stride = min(stride * stride, 100)
    }
  }

  /// The guess, moved to where the answer is not known yet.
  private func first(_ guess: Double, _ stride: Double) -> Double {
    let guess = guess.isFinite && guess > 0 ? guess : 1
    switch (holding, failing) {
    case (let low?, let high?):
      return guess > low && guess < high ? guess : (low * high).squareRoot()
    case (let low?, nil): return max(guess, low * stride.squareRoot())
    case (nil, let high?): return min(guess, high / stride.squareRoot())
    case (nil, nil): return guess
    }
  }

  /// The edge, midway between the two in decades; infinite where nothing failed, nil where nothing
  /// held.
  public var edge: Double? {
    guard let holding else { return nil }
    guard let failing else { return .infinity }
    return (holding * failing).squareRoot()
  }
}
