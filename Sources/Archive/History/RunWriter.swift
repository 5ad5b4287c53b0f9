import Foundation
import GRDB
import KeelAuthoring

/// A run as far as it has been written, and what is to be written next.
struct RunWriter {
  private(set) var run: ArchivedRun
  /// The text of its recipe.
  private let recipe: String?
  /// Whether its row is in the archive.
  private(set) var isThere = false
  /// Whether the last attempt to write failed.
  var isFailing = false
  /// The numbers of its series in the archive.
  private var series: [RecordedStretch.Column: Int64] = [:]
  private var segment = -1
  /// Of the segment that is being written, one a column.
  private var columns: [RecordedStretch.Column] = []
  private var pyramids: [Pyramid] = []
  private var chunks: [Part] = []
  private var events: [(segment: Int, event: Trace.Event)] = []
  /// The recoveries among all events so far.
  private var told: Set<Trace.Event> = []
  /// The step that the run begins at; nil before that.
  private var first: Int?
  /// Single steps of layers that are no longer kept, and may have been written.
  private var deletions: [(segment: Int, columns: [RecordedStretch.Column], steps: Range<Int>)] = []
  /// The step before which single steps of layers have been forgotten.
  private var forgotten = 0
  /// Chunks that found no room.
  private(set) var lost = 0
  /// Writes since layers were last written as they stand.
  private var writes = 0
  /// Whether the next write has layers: single steps of them wait, for most are forgotten before
  /// their turn comes.
  private var isWithLayers = false

  private struct Part {
    let column: RecordedStretch.Column
    let segment: Int
    let chunk: Pyramid.Chunk
    /// As it is written; nil where its turn has not come.
    var data: Data?

    /// Whether it was measured in one step alone.
    var isSample = false

    /// Whether it has single steps of a layer, of which a long run keeps few.
    var isOfLayer: Bool { chunk.level == 0 && !column.layer.isEmpty && !isSample }
  }

  /// Of eight writes one has the layers as they stand: they are many, and each is deflated anew.
  private static let layersEvery = 8
  /// Parts that wait at the most: 50 MB.
  private static let most = 1 << 12

  init(_ run: ArchivedRun, recipe: String?) { (self.run, self.recipe) = (run, recipe) }

  /// The run's row, and its recipe's.
  mutating func begin(_ database: Database) throws {
    run.recipe = try recipe.map { try History.number(ofRecipe: $0, database) }
    try run.insert(database)
    isThere = true
  }

  /// Adds steps to the series that they are of.
  mutating func take(_ stretch: RecordedStretch) {
    let columns = stretch.columns
    if run.steps != stretch.first || self.columns != columns {
      closeSegment(withLayers: true)
      forget()
      segment += 1
      (self.columns, forgotten) = (columns, 0)
      pyramids = columns.map { Pyramid(from: stretch.first, isThinned: !$0.layer.isEmpty) }
    }
    var filled: [Pyramid.Chunk] = []
    stretch.eachColumn { column, values in
      pyramids[column].append(values, filling: &filled)
      chunks += filled.map { Part(column: columns[column], segment: segment, chunk: $0) }
      filled.removeAll(keepingCapacity: true)
    }
    take(stretch.samples)
    events += stretch.events.map { (segment, $0) }
    for event in stretch.events where event.kind == .recovery { told.insert(event) }
    first = first ?? stretch.first
    run.steps = stretch.first + stretch.count
    if let loss = stretch.lastLoss { run.note(loss: loss) }
  }

  /// Adds what was measured in single steps of the segment.
  private mutating func take(_ samples: [Run.Sample]) {
    for sample in samples {
      let place = columns.first { $0.layer == sample.layer }?.place ?? 0
      chunks.append(
        Part(
          column: .init(name: sample.name, layer: sample.layer, place: place),
          segment: segment,
          chunk: Pyramid.Chunk(
            level: 0, first: sample.step, count: 1, values: [Float(sample.value)]),
          isSample: true))
    }
  }

  /// Takes how many steps there are, and what was found.
  mutating func note(_ total: Int?, _ progress: RunProgress?) {
    run.total = total ?? run.total
    if let progress { run.note(progress) }
  }

  /// Takes the explosion that it has met; nil where it met none yet.
  mutating func note(_ explosion: Explosion?) { run.note(explosion) }

  /// Makes ready what is to be written next: while it is written, others wait.
  /// - Parameters:
  ///   - time: when it was last heard of.
  ///   - withLayers: whether layers are written as they stand; nil: in one write of eight.
  mutating func prepare(
    _ ending: ArchivedRun.Ending?, at time: Date = Date(), withLayers: Bool? = nil
  ) {
    let withLayers = withLayers ?? (ending != nil || writes % Self.layersEvery == 0)
    closeSegment(withLayers: withLayers)
    writes += 1
    run.seen = time.timeIntervalSince1970
    if let ending { run.end(ending, at: run.seen) }
    if withLayers { forget() }
    isWithLayers = withLayers
    for place in chunks.indices where withLayers || !chunks[place].isOfLayer {
      chunks[place].data = chunks[place].chunk.data
    }
    noteRecoveries(ending)
  }

  /// Writes what was made ready.
  mutating func write(_ database: Database) throws {
    do {
      try run.update(database)
    } catch is RecordError {
      // Somebody has deleted it.
      throw KeelError(
        .missing, at: "run \(run.id)", "was deleted while it ran", fix: "nothing: it is not kept")
    }
    try writeChunks(database)
    try writeEvents(database)
  }

  /// Of a recovery after which no step came nobody was told.
  private mutating func noteRecoveries(_ ending: ArchivedRun.Ending?) {
    guard let recoveries = ending?.training?.recoveries else { return }
    // Those from before it was taken up again are another run's.
    for recovery in recoveries where recovery.step >= first ?? 0 {
      let event = Trace.Event(recovery)
      if told.insert(event).inserted { events.append((segment, event)) }
    }
  }

  private mutating func writeEvents(_ database: Database) throws {
    for (segment, event) in events {
      let (value, text) = ArchivedRun.stored(Double(event.value))
      try database.execute(
        sql: "INSERT INTO event(run, segment, step, kind, value, value_text) "
          + "VALUES (?, ?, ?, ?, ?, ?)",
        arguments: [run.id, segment, event.step, event.kind.rawValue, value, text])
    }
    events.removeAll(keepingCapacity: true)
  }

  /// Keeps no more than there is memory for; the newest are what an explosion is seen in.
  mutating func keepNewest() {
    isFailing = true
    forget()
    // Coarser levels have what single steps of layers show.
    let layers = chunks.indices.filter { chunks[$0].isOfLayer || chunks[$0].isSample }
      .prefix(max(0, chunks.count - Self.most))
    lost += layers.count
    for place in layers.reversed() { chunks.remove(at: place) }
    let excess = max(0, chunks.count - Self.most)
    lost += excess
    chunks.removeFirst(excess)
  }

  /// The chunks of its series that are not full are to be written as they are.
  private mutating func closeSegment(withLayers: Bool) {
    for column in pyramids.indices where withLayers || columns[column].layer.isEmpty {
      for chunk in pyramids[column].takeOpen() {
        chunks.append(Part(column: columns[column], segment: segment, chunk: chunk))
      }
    }
  }

  /// Lets go of the single steps of layers that are no longer kept: what waits is not written, and
  /// what was written is to be deleted.
  private mutating func forget() {
    // All layers have the same steps.
    guard let dropped = pyramids.last?.dropped, dropped.upperBound > forgotten else { return }
    chunks.removeAll {
      $0.isOfLayer && $0.segment == segment && dropped.contains($0.chunk.first)
    }
    let layers = columns.filter { !$0.layer.isEmpty }
    deletions.append((segment, layers, max(forgotten, dropped.lowerBound)..<dropped.upperBound))
    forgotten = dropped.upperBound
  }

  private mutating func writeChunks(_ database: Database) throws {
    for part in chunks {
      guard let data = part.data else { continue }
      try Self.insert(
        part.chunk, data, of: id(of: part.column, database), part.segment, database)
    }
    chunks.removeAll { $0.data != nil }
    guard isWithLayers else { return }
    for (segment, columns, steps) in deletions {
      for column in columns {
        try database.cachedStatement(
          sql: "DELETE FROM chunk WHERE series = ? AND segment = ? AND level = 0 "
            + "AND first >= ? AND first < ?"
        ).execute(arguments: [
          try id(of: column, database), segment, steps.lowerBound, steps.upperBound,
        ])
      }
    }
    deletions.removeAll()
  }

  /// Writes a chunk, in place of what there was of it.
  /// - Parameter data: of the chunk.
  static func insert(
    _ chunk: Pyramid.Chunk, _ data: Data, of series: Int64, _ segment: Int, _ database: Database
  ) throws {
    try database.cachedStatement(
      sql: "INSERT OR REPLACE INTO chunk(series, segment, level, first, count, data) "
        + "VALUES (?, ?, ?, ?, ?, ?)"
    ).execute(arguments: [
      series, segment, chunk.level, chunk.first, chunk.count, data,
    ])
  }

  private mutating func id(
    of column: RecordedStretch.Column, _ database: Database
  ) throws -> Int64 {
    if let known = series[column] { return known }
    // In another network the layer may stand elsewhere.
    let id = try Int64.fetchOne(
      database,
      sql: "INSERT INTO series(run, name, layer, place) VALUES (?, ?, ?, ?) "
        + "ON CONFLICT(run, name, layer) DO UPDATE SET place = place RETURNING id",
      arguments: [run.id, column.name, column.layer, column.place]
    ).required("what is inserted has a number")
    series[column] = id
    return id
  }
}
