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
  private let history: History
  private let queue = DispatchQueue(label: "keel-history", qos: .utility)
  private let inbox: Mutex<Inbox>
  private let writer: Mutex<Writer>
  private let warn: @Sendable (KeelError) -> Void

  /// Seconds between two writes.
  private static let interval = 0.5
  /// Floats that wait for the disk at the most: 64 MB.
  private static let most = 1 << 24
  /// Chunks that wait for it: 50 MB.
  private static let mostChunks = 1 << 12

  /// The steps that nobody has written yet, one after the other.
  private struct Inbox {
    /// The columns of a step: what is measured of the whole, and of each layer.
    var width = 0
    var layers: [String] = []
    var values: [Float] = []
    /// Where a step does not follow the one before: its row, and its number.
    var breaks: [(row: Int, step: Int)] = []
    var next = -1
    var lost = 0
  }

  /// What has been written so far.
  private struct Writer {
    var run: ArchivedRun
    /// The text of its recipe.
    let recipe: String?
    /// Whether its row is in the archive.
    var isThere = false
    var layers: [String] = []
    var columns: [Int64] = []
    var pyramids: [Pyramid] = []
    var segment = -1
    var steps = 0
    /// What could not be written yet.
    var chunks: [(column: Int, segment: Int, chunk: Pyramid.Chunk)] = []
    var isFailing = false
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
      if inbox.width == 0 {
        inbox.layers = step.layers.measured
        inbox.width = Self.whole.count + inbox.layers.count * Self.perLayer.count
      }
      guard inbox.values.count + inbox.width <= Self.most else {
        inbox.lost += 1
        inbox.next = -1
        return
      }
      if step.index != inbox.next {
        inbox.breaks.append((inbox.values.count / inbox.width, step.index))
      }
      inbox.next = step.index + 1
      inbox.values.append(Float(step.loss))
      inbox.values.append(Float(step.gradientNorm))
      inbox.values.append(Float(step.clippedNorm))
      inbox.values.append(Float(step.learningRate))
      for layer in inbox.layers.indices {
        let measures = step.layers.measures(at: layer)
        inbox.values.append(measures.map(GradientNorm.measure) ?? .nan)
        inbox.values.append(measures.map(UpdateRatio.measure) ?? .nan)
      }
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
    let (layers, width, values, breaks) = inbox.withLock { inbox in
      let taken = (inbox.layers, inbox.width, inbox.values, inbox.breaks)
      inbox.values = []
      inbox.values.reserveCapacity(taken.2.count)
      inbox.breaks = []
      return taken
    }
    return writer.withLock { writer in
      if writer.layers.isEmpty { writer.layers = layers }
      take(values, width, breaks, into: &writer)
      writer.run.seen = Date().timeIntervalSince1970
      writer.run.steps = writer.steps
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
  private func take(
    _ values: [Float], _ width: Int, _ breaks: [(row: Int, step: Int)], into writer: inout Writer
  ) {
    guard width > 0, !values.isEmpty else { return }
    let rows = values.count / width
    let starts = breaks + [(rows, 0)]
    var row = 0
    if let first = breaks.first, first.row > 0 {
      add(0..<first.row)
    } else if breaks.isEmpty {
      add(0..<rows)
    }
    for (index, start) in starts.dropLast().enumerated() {
      close(&writer)
      writer.segment += 1
      writer.pyramids = (0..<width).map {
        Pyramid(from: start.step, isThinned: $0 >= Self.whole.count)
      }
      row = start.row
      add(row..<starts[index + 1].row)
      writer.steps = start.step + starts[index + 1].row - row
    }
    if breaks.isEmpty { writer.steps += rows }

    func add(_ range: Range<Int>) {
      var filled: [Pyramid.Chunk] = []
      for column in 0..<width {
        for row in range {
          writer.pyramids[column].append(values[row * width + column], filling: &filled)
        }
        for chunk in filled { writer.chunks.append((column, writer.segment, chunk)) }
        filled.removeAll(keepingCapacity: true)
      }
    }
  }

  /// The open chunks of all series, before another segment begins.
  private func close(_ writer: inout Writer) {
    for column in writer.pyramids.indices {
      for chunk in writer.pyramids[column].takeOpen() {
        writer.chunks.append((column, writer.segment, chunk))
      }
    }
  }

  private static func write(_ writer: inout Writer, _ database: Database) throws {
    if writer.columns.isEmpty, !writer.pyramids.isEmpty {
      for (place, name) in whole.enumerated() {
        writer.columns.append(try series(writer.run.id, name, "", place, database))
      }
      for (place, layer) in writer.layers.enumerated() {
        for name in perLayer {
          writer.columns.append(try series(writer.run.id, name, layer, place, database))
        }
      }
    }
    let statement = try database.cachedStatement(
      sql: "INSERT OR REPLACE INTO chunk(series, segment, level, first, count, data) "
        + "VALUES (?, ?, ?, ?, ?, ?)")
    for column in writer.pyramids.indices {
      for chunk in writer.pyramids[column].takeOpen() {
        writer.chunks.append((column, writer.segment, chunk))
      }
    }
    for (column, segment, chunk) in writer.chunks {
      try statement.execute(arguments: [
        writer.columns[column], segment, chunk.level, chunk.first, chunk.count, chunk.data,
      ])
    }
    writer.chunks.removeAll(keepingCapacity: true)
    for column in writer.pyramids.indices {
      guard let dropped = writer.pyramids[column].dropped else { continue }
      try database.execute(
        sql: "DELETE FROM chunk WHERE series = ? AND segment = ? AND level = 0 "
          + "AND first >= ? AND first < ?",
        arguments: [
          writer.columns[column], writer.segment, dropped.lowerBound, dropped.upperBound,
        ])
    }
  }

  private static func series(
    _ run: String, _ name: String, _ layer: String, _ place: Int, _ database: Database
  ) throws -> Int64 {
    try database.execute(
      sql: "INSERT INTO series(run, name, layer, place) VALUES (?, ?, ?, ?)",
      arguments: [run, name, layer, place])
    return database.lastInsertedRowID
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
