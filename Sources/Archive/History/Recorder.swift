import Dispatch
import Foundation
import GRDB
import Keel
import Synchronization

/// Writes a run into an archive as it goes.
///
/// A step is copied into memory, and a thread of its own writes what has come together twice a
/// second: a training never waits for the disk, and does not end with it. What the disk does not
/// take for so long that memory runs out is left out, and said.
public final class Recorder: Sendable {
  /// The run's id.
  public let id: String
  /// Where it is written.
  public let history: History
  private let queue = DispatchQueue(label: "keel-history", qos: .utility)
  private let inbox: Mutex<Inbox>
  private let writer: Mutex<Writer>
  private let warn: @Sendable (KeelError) -> Void

  /// Seconds between two writes.
  private static let interval = 0.5
  /// Bytes that wait for the disk at the most: a disk that is busy for seconds loses nothing.
  private static let most = 1 << 28
  /// Chunks that wait for it: 50 MB.
  private static let mostChunks = 1 << 12

  /// Steps that follow each other, of the same layers.
  fileprivate struct Stretch {
    let layers: [String]
    let first: Int
    /// What was measured of the whole, step by step.
    var wholes: [Float] = []
    /// The sums of each layer, step by step; their roots are taken when they are written.
    var sums: [LayerSums.Sums] = []

    var count: Int { wholes.count / Recorder.whole.count }
    /// Bytes of a step.
    var stride: Int {
      MemoryLayout<LayerSums.Sums>.stride * layers.count + 4 * Recorder.whole.count
    }
  }

  /// The steps that nobody has written yet, and how many found no room.
  private struct Inbox {
    var stretches: [Stretch] = []
    var bytes = 0
    /// Whether the next step goes on from the last.
    var isOpen = false
    var next = 0
    var lost = 0
  }

  /// What has been written so far.
  fileprivate struct Writer {
    var run: ArchivedRun
    /// The text of its recipe.
    let recipe: String?
    /// Whether its row is in the archive.
    var isThere = false
    /// The numbers of its series in the archive.
    var series: [Column: Int64] = [:]
    var segment = -1
    /// Of the segment that is being written, one a column.
    var columns: [Column] = []
    var pyramids: [Pyramid] = []
    /// What could not be written yet.
    var chunks: [(column: Column, segment: Int, chunk: Pyramid.Chunk)] = []
    var isFailing = false
  }

  /// What a series is of.
  fileprivate struct Column: Hashable {
    let name: String
    let layer: String
    let place: Int
  }

  /// Of the whole run, one a step.
  package static let whole = ["loss", "gradient-norm", "clipped-norm", "learning-rate"]
  /// Of each layer, one a step.
  static let perLayer = ["gradient-norm", "update-ratio"]

  /// Begins to write.
  /// - Parameters:
  ///   - recipe: the text that is kept of what is trained.
  ///   - warn: told once where the archive takes nothing; the training goes on.
  public init(
    _ run: ArchivedRun, recipe: String?, in history: History,
    warn: @escaping @Sendable (KeelError) -> Void
  ) {
    (id, self.history, self.warn) = (run.id, history, warn)
    inbox = Mutex(Inbox())
    writer = Mutex(Writer(run: run, recipe: recipe))
    queue.async { [self] in
      write()
      goOn()
    }
  }

  /// Writes again and again, until it has ended or nobody holds it any more.
  private func goOn() {
    queue.asyncAfter(deadline: .now() + Self.interval) { [weak self] in
      guard let self, writer.withLock({ $0.run.ended == nil }) else { return }
      write()
      goOn()
    }
  }

  // MARK: on the training's thread

  /// Takes a step; does not wait.
  public func record(_ step: Step) {
    inbox.withLock { inbox in
      guard inbox.bytes < Self.most else {
        inbox.lost += 1
        inbox.isOpen = false
        return
      }
      let layers = step.layers.measured
      if !inbox.isOpen || step.index != inbox.next || inbox.stretches.last?.layers != layers {
        inbox.stretches.append(Stretch(layers: layers, first: step.index))
        inbox.isOpen = true
      }
      inbox.next = step.index + 1
      let last = inbox.stretches.count - 1
      inbox.stretches[last].add(step)
      inbox.bytes += inbox.stretches[last].stride
    }
  }

  /// Writes what is left, and how it ended.
  /// - Returns: what kept it from being written; nil where nothing did.
  @discardableResult
  public func finish(_ ending: ArchivedRun.Ending) async -> KeelError? {
    await withCheckedContinuation { continuation in
      queue.async { [self] in
        continuation.resume(returning: write(ending))
      }
    }
  }

  // MARK: on the archive's thread

  /// The run's row, and its recipe's.
  private func begin(_ writer: inout Writer) -> KeelError? {
    attempt(&writer) { database, writer in
      if let text = writer.recipe {
        try database.execute(
          sql: "INSERT OR IGNORE INTO recipe(text) VALUES (?)", arguments: [text])
        writer.run.recipe = try Int64.fetchOne(
          database, sql: "SELECT id FROM recipe WHERE text = ?", arguments: [text])
      }
      try writer.run.insert(database)
      writer.isThere = true
    }
  }

  @discardableResult
  private func write(_ ending: ArchivedRun.Ending? = nil) -> KeelError? {
    // Before the run has its row, what comes waits in memory.
    let failure = writer.withLock { $0.isThere ? nil : begin(&$0) }
    if let failure { return failure }
    let stretches = inbox.withLock { inbox in
      defer {
        // What comes next goes on from here, unless it says otherwise.
        let last = inbox.stretches.last
        inbox.stretches =
          last.map { [Stretch(layers: $0.layers, first: $0.first + $0.count)] } ?? []
        inbox.bytes = 0
      }
      return inbox.stretches
    }
    return writer.withLock { writer in
      for stretch in stretches where stretch.count > 0 { take(stretch, into: &writer) }
      writer.run.seen = Date().timeIntervalSince1970
      if let ending { writer.run.end(ending) }
      return attempt(&writer) { database, writer in
        try writer.run.update(database)
        try Self.write(&writer, database)
        for event in ending?.events ?? [] {
          let (value, text) = ArchivedRun.stored(Double(event.value))
          try database.execute(
            sql: "INSERT INTO event(run, step, kind, value, value_text) VALUES (?, ?, ?, ?, ?)",
            arguments: [writer.run.id, event.step, event.kind.rawValue, value, text])
        }
      }
    }
  }

  /// Adds steps to the series that they are of.
  private func take(_ stretch: Stretch, into writer: inout Writer) {
    let columns = stretch.columns
    if writer.run.steps != stretch.first || writer.columns != columns {
      writer.closeSegment()
      writer.segment += 1
      writer.columns = columns
      writer.pyramids = columns.map { Pyramid(from: stretch.first, isThinned: !$0.layer.isEmpty) }
    }
    for column in columns.indices {
      var filled: [Pyramid.Chunk] = []
      for row in 0..<stretch.count {
        writer.pyramids[column].append(stretch.value(row, column), filling: &filled)
      }
      // What would be dropped again is not written in the first place.
      let dropped = writer.pyramids[column].dropped ?? 0..<0
      for chunk in filled where chunk.level > 0 || !dropped.contains(chunk.first) {
        writer.chunks.append((columns[column], writer.segment, chunk))
      }
    }
    writer.run.steps = stretch.first + stretch.count
  }

  private static func write(_ writer: inout Writer, _ database: Database) throws {
    writer.closeSegment()
    let statement = try database.cachedStatement(
      sql: "INSERT OR REPLACE INTO chunk(series, segment, level, first, count, data) "
        + "VALUES (?, ?, ?, ?, ?, ?)")
    for (column, segment, chunk) in writer.chunks {
      let series = try series(column, &writer, database)
      try statement.execute(arguments: [
        series, segment, chunk.level, chunk.first, chunk.count, chunk.data,
      ])
    }
    writer.chunks.removeAll(keepingCapacity: true)
    for (column, pyramid) in zip(writer.columns, writer.pyramids) {
      guard let dropped = pyramid.dropped else { continue }
      try database.execute(
        sql: "DELETE FROM chunk WHERE series = ? AND segment = ? AND level = 0 "
          + "AND first >= ? AND first < ?",
        arguments: [
          try series(column, &writer, database), writer.segment, dropped.lowerBound,
          dropped.upperBound,
        ])
    }
  }

  private static func series(
    _ column: Column, _ writer: inout Writer, _ database: Database
  ) throws -> Int64 {
    if let known = writer.series[column] { return known }
    // In another network the layer may stand elsewhere.
    let id = try Int64.fetchOne(
      database,
      sql: "INSERT INTO series(run, name, layer, place) VALUES (?, ?, ?, ?) "
        + "ON CONFLICT(run, name, layer) DO UPDATE SET place = place RETURNING id",
      arguments: [writer.run.id, column.name, column.layer, column.place])
    writer.series[column] = id
    return id ?? 0
  }

  /// Writes in one transaction; what fails is tried again with what comes next.
  @discardableResult
  private func attempt(
    _ writer: inout Writer, _ work: (Database, inout Writer) throws -> Void
  ) -> KeelError? {
    let before = writer
    do {
      try history.write { try work($0, &writer) }
      writer.isFailing = false
      return nil
    } catch {
      let error = history.explained(error)
      writer = before
      writer.chunks.removeFirst(max(0, writer.chunks.count - Self.mostChunks))
      if !writer.isFailing { warn(error) }
      writer.isFailing = true
      return error
    }
  }
}

extension Recorder.Stretch {
  fileprivate mutating func add(_ step: Step) {
    wholes.append(Float(step.loss))
    wholes.append(Float(step.gradientNorm))
    wholes.append(Float(step.clippedNorm))
    wholes.append(Float(step.learningRate))
    guard !layers.isEmpty else { return }
    if let measured = step.layers.sumsOfStep {
      sums.append(contentsOf: measured)
    } else {
      sums.append(contentsOf: repeatElement(.unknown, count: layers.count))
    }
  }

  fileprivate func value(_ row: Int, _ column: Int) -> Float {
    let place = column - Recorder.whole.count
    guard place >= 0 else { return wholes[row * Recorder.whole.count + column] }
    let measures = LayerMeasures(sums[row * layers.count + place / Recorder.perLayer.count])
    return place % Recorder.perLayer.count == 0
      ? GradientNorm.measure(measures) : UpdateRatio.measure(measures)
  }

  fileprivate var columns: [Recorder.Column] {
    Recorder.whole.enumerated().map { .init(name: $1, layer: "", place: $0) }
      + layers.enumerated().flatMap { place, layer in
        Recorder.perLayer.map { .init(name: $0, layer: layer, place: place) }
      }
  }
}

extension Recorder.Writer {
  /// The chunks of its series that are not full are to be written as they are.
  fileprivate mutating func closeSegment() {
    for column in pyramids.indices {
      for chunk in pyramids[column].takeOpen() {
        chunks.append((columns[column], segment, chunk))
      }
    }
  }
}
