import CZlib
import Foundation
import KeelAuthoring

/// A series of numbers as an archive keeps it: every step, and above that coarser levels of the
/// least, the mean and the largest of 8ⁿ steps (64, 512, …); an average alone would hide a spike.
///
/// A step that was not finite makes the mean of its bins so at every level.
package struct Pyramid {
  /// Values, or bins, of a full chunk.
  package static let width = 1024
  /// Steps, or bins, that the next level makes one bin of.
  static let fan = 8
  /// The highest level: a bin of 8⁶ steps, a chunk of 268 million.
  static let top = 6
  /// Chunks of single steps that a thinned series keeps: its first ones, and the newest, in which
  /// an explosion is seen.
  static let kept = (first: 4, newest: 2)
  /// The finest level above single steps: 64 a bin.
  ///
  /// What 8 a bin would show, single steps do.
  static let finest = 2

  /// The step that the series begins at.
  let first: Int
  /// Whether single steps are kept only where `kept` says so.
  let isThinned: Bool
  /// Whether there are steps that nobody has asked for.
  private var hasGrown = false
  private var levels: [Level] = Array(repeating: Level(), count: top + 1)

  private struct Level {
    /// Floats of the open chunk: one a value at level 0, three a bin above.
    var open: [Float] = []
    /// Chunks that were filled.
    var full = 0
    /// The bin that is being filled.
    var bin = Bin()
  }

  /// The least, the mean and the largest of so many steps.
  struct Bin: Equatable {
    var least = Float.infinity
    var largest = -Float.infinity
    var sum = 0.0
    var count = 0

    /// Of single steps.
    init(_ steps: ArraySlice<Float> = []) {
      for step in steps {
        sum += Double(step)
        // What is not finite shows in the mean.
        guard step.isFinite else { continue }
        if step < least { least = step }
        if step > largest { largest = step }
      }
      count = steps.count
    }

    mutating func add(_ other: Bin) {
      if other.least < least { least = other.least }
      if other.largest > largest { largest = other.largest }
      sum += other.sum
      count += other.count
    }

    var values: [Float] {
      let mean = Float(sum / Double(count))
      return least <= largest ? [least, mean, largest] : [mean, mean, mean]
    }
  }

  /// A part of a level, as it is written.
  package struct Chunk: Equatable, Sendable {
    package let level: Int
    /// The step that it begins at.
    package let first: Int
    /// Values, or bins.
    package let count: Int
    package let values: [Float]

    package init(level: Int, first: Int, count: Int, values: [Float]) {
      (self.level, self.first, self.count, self.values) = (level, first, count, values)
    }
  }

  package init(from first: Int, isThinned: Bool) {
    (self.first, self.isThinned) = (first, isThinned)
  }

  /// Adds the next steps.
  /// - Parameter chunks: gets the chunks that these fill.
  package mutating func append(_ values: [Float], filling chunks: inout [Chunk]) {
    guard !values.isEmpty else { return }
    hasGrown = true
    let bin = Self.steps(ofLevel: Self.finest)
    var place = 0
    while place < values.count {
      // As far as the end of a bin.
      let end = min(values.count, place + bin - levels[0].open.count % bin)
      levels[0].open += values[place..<end]
      place = end
      guard levels[0].open.count % bin == 0 else { continue }
      // Levels below the finest are none.
      add(Self.finest, Bin(levels[0].open.suffix(bin)), &chunks)
      if levels[0].open.count == Self.width { close(0, &chunks) }
    }
  }

  private mutating func add(_ level: Int, _ bin: Bin, _ chunks: inout [Chunk]) {
    guard level <= Self.top else { return }
    levels[level].bin.add(bin)
    guard levels[level].bin.count == Self.steps(ofLevel: level) else { return }
    let full = levels[level].bin
    levels[level].bin = Bin()
    push(level, full.values, &chunks)
    add(level + 1, full, &chunks)
  }

  private mutating func push(_ level: Int, _ values: [Float], _ chunks: inout [Chunk]) {
    levels[level].open += values
    if levels[level].open.count == Self.width * 3 { close(level, &chunks) }
  }

  /// A chunk that is full.
  private mutating func close(_ level: Int, _ chunks: inout [Chunk]) {
    chunks.append(chunk(level, levels[level].open))
    levels[level].open.removeAll(keepingCapacity: true)
    levels[level].full += 1
  }

  /// A chunk as far as it is filled; its last bin has the steps that no level below has put
  /// together yet, and may have fewer than the others.
  private func open(_ level: Int) -> Chunk {
    guard level > 0 else { return chunk(0, levels[0].open) }
    var rest = Bin(levels[0].open.suffix(levels[0].open.count % Self.steps(ofLevel: Self.finest)))
    for level in levels[Self.finest...level] { rest.add(level.bin) }
    return chunk(level, levels[level].open + (rest.count > 0 ? rest.values : []))
  }

  private func chunk(_ level: Int, _ open: [Float]) -> Chunk {
    Chunk(
      level: level,
      first: first + levels[level].full * Self.width * Self.steps(ofLevel: level),
      count: open.count / Self.floats(ofLevel: level), values: open)
  }

  /// The chunks that are not full and have grown since they were last asked for, of as many levels
  /// as the series is long for: what one chunk holds needs no coarser one.
  package mutating func takeOpen() -> [Chunk] {
    guard hasGrown else { return [] }
    hasGrown = false
    return ([0] + (Self.finest...Self.top).filter(isWritten)).map(open).filter { $0.count > 0 }
  }

  /// Whether a level is kept: what one chunk of the level below holds needs none.
  private func isWritten(_ level: Int) -> Bool {
    levels[0].full >= Self.steps(ofLevel: level - 1)
  }

  /// Steps whose single values are no longer kept; nil where all are.
  ///
  /// A coarser level has them.
  package var dropped: Range<Int>? {
    let newest = levels[0].full - Self.kept.newest
    guard isThinned, newest > Self.kept.first, isWritten(Self.finest) else { return nil }
    return first + Self.kept.first * Self.width..<first + newest * Self.width
  }

  package static func steps(ofLevel level: Int) -> Int {
    (0..<level).reduce(1) { steps, _ in steps * fan }
  }

  static func floats(ofLevel level: Int) -> Int { level == 0 ? 1 : 3 }
}

extension Pyramid.Chunk {
  /// Its floats, little-endian, deflated (zlib).
  package var data: Data {
    let bytes = values.flatMap { value in
      withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
    }
    var size = compressBound(uLong(bytes.count))
    var deflated = [UInt8](repeating: 0, count: Int(size))
    // Fast: the last digits of a loss are noise, and no effort makes them smaller.
    let result = compress2(&deflated, &size, bytes, uLong(bytes.count), Z_BEST_SPEED)
    precondition(result == Z_OK, "a buffer of the size that zlib asks for is enough")
    return Data(deflated.prefix(Int(size)))
  }

  /// - Parameter count: values at level 0, bins above.
  /// - Returns: nil where the bytes are no such chunk.
  package static func values(_ data: Data, count: Int, level: Int) -> [Float]? {
    let floats = count * Pyramid.floats(ofLevel: level)
    guard (0...3 * Pyramid.width).contains(floats) else { return nil }
    var size = uLong(floats * 4)
    var bytes = [UInt8](repeating: 0, count: floats * 4)
    let result = data.withUnsafeBytes { deflated in
      uncompress(
        &bytes, &size, deflated.bindMemory(to: UInt8.self).baseAddress, uLong(data.count))
    }
    guard result == Z_OK, size == floats * 4 else { return nil }
    return (0..<floats).map { place in
      let bits = (0..<4).reduce(UInt32(0)) {
        $0 | UInt32(bytes[4 * place + $1]) << (8 * UInt32($1))
      }
      return Float(bitPattern: bits)
    }
  }
}
