import KeelArchive
import Testing

/// Levels of a series: each value of every one is what its steps say.
struct PyramidTests {
  /// The newest state of every chunk that a pyramid has given, as an archive would hold it.
  private static func chunks(
    _ values: [Float], from first: Int = 0, isThinned: Bool = false, asking every: Int = .max
  ) -> [[Int]: Pyramid.Chunk] {
    var pyramid = Pyramid(from: first, isThinned: isThinned)
    var held: [[Int]: Pyramid.Chunk] = [:]
    func hold(_ chunks: [Pyramid.Chunk]) {
      for chunk in chunks { held[[chunk.level, chunk.first]] = chunk }
      guard let dropped = pyramid.dropped else { return }
      for first in held.values.filter({ $0.level == 0 && dropped.contains($0.first) }) {
        held[[0, first.first]] = nil
      }
    }
    var rest = values[...]
    while !rest.isEmpty {
      var filled: [Pyramid.Chunk] = []
      let part = rest.prefix(every)
      pyramid.append(Array(part), filling: &filled)
      hold(filled)
      if part.count == every { hold(pyramid.takeOpen()) }
      rest = rest.dropFirst(part.count)
    }
    hold(pyramid.takeOpen())
    return held
  }

  private static func level(_ level: Int, of chunks: [[Int]: Pyramid.Chunk]) -> [Float] {
    chunks.values.filter { $0.level == level }.sorted { $0.first < $1.first }.flatMap(\.values)
  }

  /// However often it is written, and wherever it begins: single steps, and bins of 64 of them.
  @Test(arguments: [7, 1024, 1025, 7500, 9003, 20_000], [1, 500, .max])
  func everyLevelSaysWhatItsStepsSay(_ count: Int, _ every: Int) {
    let values = (0..<count).map { Float(($0 * 7919) % 1000) - 500 }
    let chunks = Self.chunks(values, from: 300, asking: every)
    #expect(Self.level(0, of: chunks) == values)
    let bins = stride(from: 0, to: count, by: 64).flatMap { start -> [Float] in
      let part = values[start..<min(count, start + 64)]
      return [part.min() ?? 0, part.reduce(0, +) / Float(part.count), part.max() ?? 0]
    }
    let level = Self.level(2, of: chunks)
    #expect(level.count == (count < 8192 ? 0 : bins.count))
    for (one, other) in zip(level, bins) { #expect(abs(one - other) < 1e-3) }
    #expect(chunks.values.allSatisfy { $0.first >= 300 && $0.count <= Pyramid.width })
  }

  /// A single step of a million shows in every level, and one that is not finite in every mean.
  @Test func noSpikeIsHidden() throws {
    var values = [Float](repeating: 1, count: 300_000)
    values[123_456] = 1e9
    values[234_560] = .nan
    values[234_561] = .infinity
    let chunks = Self.chunks(values)
    for level in 2...3 {
      let held = Self.level(level, of: chunks)
      #expect(stride(from: 2, to: held.count, by: 3).contains { held[$0] == 1e9 })
      let lost = stride(from: 1, to: held.count, by: 3).filter { !held[$0].isFinite }
      #expect(lost == [1 + 3 * (234_560 / Pyramid.steps(ofLevel: level))])
      #expect(stride(from: 0, to: held.count, by: 3).allSatisfy { held[$0] == 1 })
    }
    // Nothing finite in a bin: it says what there was.
    let ends = Self.chunks([Float](repeating: -.infinity, count: 9000))
    #expect(Self.level(2, of: ends).allSatisfy { $0 == -.infinity })
  }

  /// What comes last, an explosion, is in every level, whatever the number of steps.
  @Test(arguments: [8194, 9003, 70_007, 600_002]) func theEndIsInEveryLevel(_ count: Int) throws {
    var values = [Float](repeating: 1, count: count)
    values[count - 2] = 77
    values[count - 1] = .nan
    let chunks = Self.chunks(values, isThinned: true)
    for level in 2...4 where count >= 1024 * Pyramid.steps(ofLevel: level - 1) {
      let held = Self.level(level, of: chunks)
      #expect(held[held.count - 2].isNaN && held[held.count - 1] == 77, "level \(level)")
      let bins = (count + Pyramid.steps(ofLevel: level) - 1) / Pyramid.steps(ofLevel: level)
      #expect(held.count == 3 * bins)
    }
  }

  /// No step is dropped that no coarser level has.
  @Test(arguments: [6000, 7168, 7500, 8191, 8192, 8300]) func nothingIsLostBetweenLevels(
    _ count: Int
  ) {
    let values = (0..<count).map(Float.init)
    let chunks = Self.chunks(values, isThinned: true, asking: 300)
    let single = chunks.values.filter { $0.level == 0 }.reduce(0) { $0 + $1.count }
    let bins = Self.level(2, of: chunks).count / 3
    #expect(single == count || bins == (count + 63) / 64, "\(single) steps, \(bins) bins")
  }

  /// Of a long series that is thinned the first and the newest single steps are left, and bins of
  /// 64.
  @Test func thinnedKeepsItsEnds() {
    let values = (0..<20_000).map(Float.init)
    let chunks = Self.chunks(values, isThinned: true, asking: 700)
    let firsts = chunks.values.filter { $0.level == 0 }.map(\.first).sorted()
    #expect(firsts == [0, 1024, 2048, 3072, 17 * 1024, 18 * 1024, 19 * 1024])
    #expect(Self.level(1, of: chunks).isEmpty)
    let bins = Self.level(2, of: chunks)
    #expect(bins.count == 3 * ((20_000 + 63) / 64) && bins[0] == 0 && bins[2] == 63)
  }

  @Test func chunksAreReadAsTheyWereWritten() throws {
    let values: [Float] = [1, -0.0, .infinity, -.infinity, .leastNonzeroMagnitude, 3.4e38]
    let chunk = Pyramid.Chunk(level: 0, first: 0, count: 6, values: values)
    let read = try #require(Pyramid.Chunk.values(chunk.data, count: 6, level: 0))
    #expect(read.map(\.bitPattern) == values.map(\.bitPattern))
    // What is cut off, or says another length, is none.
    #expect(Pyramid.Chunk.values(chunk.data.dropLast(3), count: 6, level: 0) == nil)
    #expect(Pyramid.Chunk.values(chunk.data, count: 5, level: 0) == nil)
    #expect(Pyramid.Chunk.values(chunk.data, count: -1, level: 0) == nil)
    #expect(Pyramid.Chunk.values(.init(), count: 6, level: 0) == nil)
  }
}
