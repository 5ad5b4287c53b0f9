import Foundation

/// Random numbers for tests: SplitMix64, apart from the engine's generator. A test prints its seed.
public struct Dice: RandomNumberGenerator {
  private var state: UInt64
  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// In [low, high).
  public mutating func uniform(_ low: Double = 0, _ high: Double = 1) -> Double {
    low + (high - low) * Double(next() >> 11) * 0x1p-53
  }

  public mutating func normal(_ std: Double = 1) -> Double {
    std * (-2 * log(1 - uniform())).squareRoot() * cos(2 * .pi * uniform())
  }

  /// Numbers that float32 holds exactly, so that engine and twin begin alike.
  public mutating func normals(_ count: Int, std: Double = 1) -> [Float] {
    (0..<count).map { _ in Float(normal(std)) }
  }
}

/// The Euclidean norm; not for numbers near the limits of Double.
public func norm(_ values: [Double]) -> Double {
  values.reduce(0) { $0 + $1 * $1 }.squareRoot()
}

public func norm(_ values: [Float]) -> Double { norm(values.map(Double.init)) }

/// ‖a − b‖ over ‖b‖, or over `floor` where that is larger; 0 where all three are.
public func relativeError(_ a: [Float], _ b: [Double], floor: Double = 0) -> Double {
  precondition(a.count == b.count, "\(a.count) numbers against \(b.count)")
  let distance = norm(zip(a, b).map { Double($0) - $1 })
  return distance == 0 ? 0 : distance / max(norm(b), floor)
}
