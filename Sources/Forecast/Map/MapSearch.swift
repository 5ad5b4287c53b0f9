import KeelEngine
import KeelTraining
import Synchronization

/// Trains the cells of a map, first far apart, then closer and closer along the edges between
/// outcomes; what lies amid cells that came out the same is not trained.
public struct MapSearch: Sendable {
  private let x: MapAxis
  private let y: MapAxis
  private let variant: @Sendable (_ x: Double, _ y: Double) throws -> Problem
  /// Whether every cell is trained, and to its end.
  private let isWhole: Bool
  /// Cells between those that are trained first, at the most: of 64 × 64 cells 81 are, and a tongue
  /// that is narrower may be missed.
  private static let coarsest = 8
  /// One part in so many of a run that a cell must hold for: what is stable in the first steps may
  /// not stay so, and most of what is lost is lost by then.
  private static let share = 4
  /// Cells that are asked for at a time.
  private static let batch = 32

  /// - Parameters:
  ///   - isWhole: every cell is trained, however alike those around it are, and to its end.
  ///   - variant: the problem with the two settings at two values.
  public init(
    _ x: MapAxis, _ y: MapAxis, isWhole: Bool = false,
    variant: @escaping @Sendable (_ x: Double, _ y: Double) throws -> Problem
  ) {
    (self.x, self.y, self.isWhole, self.variant) = (x, y, isWhole, variant)
  }

  /// A cell by its place, with what it took.
  public struct Known: Codable, Sendable {
    /// Its column, and its row from the lower end, counted from 0.
    public let x, y: Int
    /// What became of it.
    public let cell: StabilityMap.Cell
    /// Steps that it took.
    public let steps: Int
  }

  /// Makes the map, on a thread of its own.
  /// - Parameters:
  ///   - known: cells that were trained before.
  ///   - observe: gets every cell as it comes, from any thread.
  /// - Throws: `KeelError` where the settings cannot be set so; `CancellationError`.
  public func run(
    from known: [Known] = [], observe: @escaping @Sendable (Known) -> Void = { _ in }
  ) async throws -> StabilityMap {
    try await Worker(name: "keel-map").run { try search(known, observe) }
  }

  private func search(
    _ known: [Known], _ observe: @escaping @Sendable (Known) -> Void
  ) throws -> StabilityMap {
    // What cannot be set anywhere is an error, and no map of nothing.
    let engine = try variant(x.values[0], y.values[0]).engine
    var field = Field(width: x.values.count, height: y.values.count)
    for cell in known where field.holds(cell.x, cell.y) && !field.isKnown(cell.x, cell.y) {
      field.add(cell)
    }
    var size = isWhole ? 1 : field.coarsest(Self.coarsest)
    var wanted = field.grid(size)
    while true {
      try train(wanted, &field, places: engine?.places, observe)
      // Where a finer cell came out otherwise, the blocks around it are mixed by now.
      wanted = field.mixed(size)
      if wanted.isEmpty {
        guard size > 1 else { break }
        size /= 2
        wanted = field.mixed(size)
      }
    }
    let cells = field.filled()
    // What somebody else trains has no forecast.
    let forecasts = try engine == nil ? edges() : y.values.map { _ in (edge: nil, steps: 0) }
    let steps = field.steps + forecasts.reduce(0) { $0 + $1.steps }
    return StabilityMap(
      x: x, y: y, cells: cells,
      edges: zip(cells, forecasts).map { row, forecast in
        .init(measured: StabilityMap.measuredEdge(row, along: x), forecast: forecast.edge)
      }, trained: field.count, steps: steps)
  }

  private func train(
    _ cells: [(x: Int, y: Int)], _ field: inout Field, places: Int?,
    _ observe: @Sendable (Known) -> Void
  ) throws {
    let open = cells.filter { !field.isKnown($0.x, $0.y) }
    for start in stride(from: 0, to: open.count, by: Self.batch) {
      let part = Array(open[start..<min(start + Self.batch, open.count)])
      let made = try SideBySide.map(part.count, places: places) { place, isCancelled in
        let cell = try cell(part[place].x, part[place].y, isCancelled)
        observe(cell)
        return cell
      }
      for cell in made { field.add(cell) }
    }
  }

  private func cell(_ column: Int, _ row: Int, _ isCancelled: () -> Bool) throws -> Known {
    func made(_ outcome: StabilityMap.Outcome, _ step: Int? = nil, steps: Int = 0) -> Known {
      Known(
        x: column, y: row, cell: .init(outcome: outcome, step: step, isTrained: true), steps: steps)
    }
    if isCancelled() { throw CancellationError() }
    do {
      let problem = try variant(x.values[column], y.values[row])
      let session = try problem.session()
      let trial = try Trial(
        session, of: problem.recipe, against: problem.recipe,
        atLeast: isWhole ? session.total : session.total / Self.share, atMost: .max,
        isCancelled: isCancelled)
      let outcome: StabilityMap.Outcome =
        switch trial.training.verdict {
        case .healthy: .stable
        case .exploding: .exploding
        case .vanishing: .vanishing
        case .stalled: .notLearning
        }
      return made(outcome, trial.training.explosion?.step, steps: trial.training.steps)
    } catch let error as KeelError where error.kind != .exhausted {
      return made(.notMade)
    }
  }

  // MARK: the forecast's edge

  /// Dry runs between the ends of an axis, by bisection: within a hundredth of it.
  private static let bisections = 7

  private func edges() throws -> [(edge: Double?, steps: Int)] {
    try SideBySide.map(y.values.count) { row, isCancelled in
      var steps = 0
      func explodes(_ share: Double) throws -> Bool {
        if isCancelled() { throw CancellationError() }
        let problem = try variant(x.value(at: share), y.values[row])
        let (run, verdict) = try VirtualTrainer(problem, keepsSnapshots: false).dryRun()
        steps += run.steps
        return verdict == .exploding
      }
      do {
        var (low, high) = (0.0, 1.0)
        guard try !explodes(low), try explodes(high) else { return (nil, steps) }
        for _ in 0..<Self.bisections {
          let middle = (low + high) / 2
          if try explodes(middle) { high = middle } else { low = middle }
        }
        return (x.value(at: (low + high) / 2), steps)
      } catch let error as KeelError where error.kind != .exhausted {
        return (nil, steps)
      }
    }
  }
}

/// The cells that are known, and which are wanted next.
private struct Field {
  let width, height: Int
  private var cells: [StabilityMap.Cell?]
  private(set) var steps = 0

  init(width: Int, height: Int) {
    (self.width, self.height) = (width, height)
    cells = Array(repeating: nil, count: width * height)
  }

  var count: Int { cells.count { $0 != nil } }

  func holds(_ x: Int, _ y: Int) -> Bool { (0..<width).contains(x) && (0..<height).contains(y) }
  func isKnown(_ x: Int, _ y: Int) -> Bool { cells[y * width + x] != nil }

  mutating func add(_ known: MapSearch.Known) {
    cells[known.y * width + known.x] = known.cell
    steps += known.steps
  }

  /// A power of two that leaves three lines and more each way.
  func coarsest(_ most: Int) -> Int {
    var size = most
    while size > 1, 2 * size > min(width, height) - 1 { size /= 2 }
    return size
  }

  /// The lines of a grid along a side: every so many, and the last.
  private func lines(_ count: Int, _ size: Int) -> [Int] {
    let lines = Array(stride(from: 0, to: count, by: size))
    return lines.last == count - 1 ? lines : lines + [count - 1]
  }

  func grid(_ size: Int) -> [(x: Int, y: Int)] {
    lines(height, size).flatMap { y in lines(width, size).map { ($0, y) } }
  }

  /// What is not known yet of the blocks in which not all that is known came out the same: their
  /// corners, and the lines that halve them.
  func mixed(_ size: Int) -> [(x: Int, y: Int)] {
    let (columns, rows) = (lines(width, size), lines(height, size))
    var wanted: Set<Int> = []
    for (top, bottom) in zip(rows, rows.dropFirst()) {
      for (left, right) in zip(columns, columns.dropFirst())
      where isMixed(left...right, top...bottom) {
        let (xs, ys) = ([left, (left + right) / 2, right], [top, (top + bottom) / 2, bottom])
        for y in ys { for x in xs where !isKnown(x, y) { wanted.insert(y * width + x) } }
      }
    }
    return wanted.sorted().map { ($0 % width, $0 / width) }
  }

  private func isMixed(_ columns: ClosedRange<Int>, _ rows: ClosedRange<Int>) -> Bool {
    var first: StabilityMap.Outcome?
    for y in rows {
      for x in columns {
        guard let outcome = cells[y * width + x]?.outcome else { continue }
        if let first, first != outcome { return true }
        first = outcome
      }
    }
    return false
  }

  /// Every cell: one that was not trained is as the nearest that was.
  func filled() -> [[StabilityMap.Cell]] {
    (0..<height).map { y in
      (0..<width).map { x in
        if let cell = cells[y * width + x] { return cell }
        let nearest = nearest(x, y)
        return .init(outcome: nearest?.outcome ?? .notMade, step: nearest?.step, isTrained: false)
      }
    }
  }

  private func nearest(_ x: Int, _ y: Int) -> StabilityMap.Cell? {
    for distance in 1...max(width, height) {
      for dy in -distance...distance {
        for dx in -distance...distance where max(abs(dx), abs(dy)) == distance {
          guard holds(x + dx, y + dy), let cell = cells[(y + dy) * width + x + dx] else { continue }
          return cell
        }
      }
    }
    return nil
  }
}
