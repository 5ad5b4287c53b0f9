import CKernels

/// A counter-based generator: Philox4x32-10 under a key made from a seed and the name of a stream.
///
/// Whoever draws is given a generator; there is no global one. Two streams of one seed are
/// independent, so adding a layer does not change what another layer draws. `position` counts
/// blocks of four words and is all the state there is: a stream can be entered anywhere.
///
/// **References** Salmon et al., *Parallel random numbers: as easy as 1, 2, 3*, SC 2011.
public struct Random: RandomNumberGenerator, Hashable, Codable, Sendable {
  /// What seed and stream come to; with `position` it decides every draw.
  public let key: UInt64
  /// The next block of four words; every draw moves it on.
  public var position: UInt64

  public init(seed: UInt64, stream: String, position: UInt64 = 0) {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a, then mixed with the seed by SplitMix64
    for byte in stream.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    self.key = Self.mixed(Self.mixed(seed) ^ hash)
    self.position = position
  }

  private static func mixed(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9e37_79b9_7f4a_7c15
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// The next 64 bits; one block each, so that a draw never depends on how earlier ones were
  /// packed.
  public mutating func next() -> UInt64 {
    var words: (UInt32, UInt32) = (0, 0)
    withUnsafeMutableBytes(of: &words) {
      keel_random_words($0.bindMemory(to: UInt32.self).baseAddress, 2, key, position)
    }
    position &+= 1
    return UInt64(words.0) | UInt64(words.1) << 32
  }

  /// Uniform in [0, 1), 53 bits.
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// One draw from a standard normal distribution.
  public mutating func normal() -> Double {
    var value: Float = 0
    keel_random_normal(&value, 1, key, position, 0, 1)
    position &+= 1
    return Double(value)
  }

  /// Fills `values` from a normal distribution, ⌈n/4⌉ blocks.
  public mutating func fill(
    _ values: UnsafeMutableBufferPointer<Float>, normalWithMean mean: Float, std: Float
  ) {
    keel_random_normal(values.baseAddress, values.count, key, position, mean, std)
    position &+= UInt64((values.count + 3) / 4)
  }

  /// Fills `values` uniformly from [low, high), ⌈n/4⌉ blocks.
  public mutating func fill(
    _ values: UnsafeMutableBufferPointer<Float>, uniformFrom low: Float, to high: Float
  ) {
    keel_random_uniform(values.baseAddress, values.count, key, position, low, high)
    position &+= UInt64((values.count + 3) / 4)
  }

  /// The numbers 0 ..< count in random order (Fisher–Yates), written over `order`.
  public mutating func permute(_ order: inout [Int32]) {
    for index in order.indices { order[index] = Int32(index) }
    var index = order.count - 1
    while index > 0 {
      order.swapAt(index, Int(next() % UInt64(index + 1)))
      index -= 1
    }
  }
}
