import Foundation
import GRDB
import KeelAuthoring

/// The file that `keel.watch` writes while a training of another framework goes on, as a run of an
/// archive: what has been added to it is read, and written there.
struct LiveFile {
  let id: String
  private let path: String
  private var writer: RunWriter
  private var layers: [String] = []
  /// Which file it is: another may take its place.
  private let file: UInt64
  /// The process that writes it, where that is one of this machine.
  private let process: pid_t?
  /// Bytes that have been read, and what of them is no whole line yet.
  private var offset: UInt64 = 0
  private var rest: [UInt8] = []
  /// The steps that are to be written.
  private var stretch: RecordedStretch?
  private var last = Values()
  private var next: Int?
  private var explosion: Explosion?
  private var ending: String?

  /// What a step was told to be; what it does not tell is as before.
  private struct Values {
    var loss = Float.nan, gradientNorm = Float.nan, learningRate = Float.nan
    var layers: [LayerMeasures?] = []
  }

  /// Bytes that are read at a time: what is old is there soon, and the rest after it.
  private static let portion = 1 << 22
  /// Steps without a line that the one before stands for: a longer gap is one.
  private static let gap = 1 << 12
  /// Bytes of a line at the most: what is longer is none of `keel.watch`.
  private static let longest = 1 << 24
  /// Steps are from 0 to here.
  private static let steps = 0..<(1 << 53)
  /// Seconds since 1970 that a training may have begun at.
  private static let times = 0.0..<1e11

  /// - Returns: nil where it has no whole line yet.
  init?(_ path: String) {
    guard let status = Status(path), let file = FileHandle(forReadingAtPath: path) else {
      return nil
    }
    defer { try? file.close() }
    guard let start = try? file.read(upToCount: Self.longest),
      let end = start.firstIndex(of: UInt8(ascii: "\n"))
    else { return nil }
    (self.path, self.file) = (path, status.file)
    let head = JSONValue(start[..<end])
    // Whoever begins at another moment writes another head; without one its place has to do.
    let isHead = head?["engine"] != nil
    id = ArchivedRun.id(
      of: "live",
      isHead
        ? String(decoding: start[..<end], as: UTF8.self)
        : URL(fileURLWithPath: path).resolvingSymlinksInPath().path)
    let isHere = head?["machine"]?.string == ArchivedRun.machineName
    process = isHere ? head?["pid"]?.number.flatMap { pid_t(exactly: $0) } : nil
    layers = head?["layers"]?.array?.compactMap(\.string) ?? []
    if layers.isEmpty, case .object(let layers)? = head?["layers"] {
      self.layers = layers.keys.sorted { $0.localizedStandardCompare($1) == .orderedAscending }
    }
    let stem = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    let began = head?["began"]?.number.flatMap { Self.times.contains($0) ? $0 : nil }
    writer = RunWriter(
      ArchivedRun(
        ofLog: id, named: head?["name"]?.string ?? stem, in: path,
        by: head?["engine"]?.string ?? "keel.watch",
        began: began ?? status.written.timeIntervalSince1970),
      recipe: nil)
  }

  /// A file as the system has it; nil of what is no file, and of a link.
  struct Status {
    let file: UInt64
    let size: UInt64
    let written: Date

    init?(_ path: String) {
      guard let all = try? FileManager.default.attributesOfItem(atPath: path),
        all[.type] as? FileAttributeType == .typeRegular,
        let written = all[.modificationDate] as? Date,
        let file = all[.systemFileNumber] as? UInt64, let size = all[.size] as? UInt64
      else { return nil }
      (self.file, self.size, self.written) = (file, size, written)
    }
  }

  /// Whether it is still the file that was read, and not another of its name.
  func isSame(as status: Status) -> Bool { status.file == file && status.size >= offset }

  /// Whether the process that writes it has not ended; a step may take it minutes.
  var isAlive: Bool {
    guard ending == nil, let process else { return false }
    return kill(process, 0) == 0 || errno == EPERM
  }

  /// Writes what has been added, as far as a portion of it goes.
  /// - Returns: whether there is more.
  mutating func read(into history: History) throws -> Bool {
    guard let status = Status(path), let file = FileHandle(forReadingAtPath: path) else {
      return false
    }
    defer { try? file.close() }
    try file.seek(toOffset: offset)
    let added = try file.read(upToCount: Self.portion) ?? Data()
    let isMore = added.count == Self.portion
    // Whoever finds it here as it was written need not read it again: it says so at its end alone.
    let seen = isAlive ? Date() : isMore ? status.written.addingTimeInterval(-1) : status.written
    offset += UInt64(added.count)
    rest += added
    if let end = rest.lastIndex(of: UInt8(ascii: "\n")) {
      for line in rest[...end].split(separator: UInt8(ascii: "\n")) { take(line) }
      rest.removeFirst(end + 1)
    }
    if rest.count > Self.longest { rest = [] }
    flush()
    let (ending, explosion) = (ending, explosion)
    var copy = writer
    copy.note(explosion)
    copy.prepare(
      ending.map { ArchivedRun.Ending($0, explosion: explosion) }, at: seen, withLayers: !isMore)
    try history.write { database in
      if !copy.isThere {
        try database.execute(sql: "DELETE FROM run WHERE id = ?", arguments: [copy.run.id])
        try copy.begin(database)
      }
      try copy.write(database)
    }
    writer = copy
    return isMore
  }

  private mutating func take(_ line: some Collection<UInt8>) {
    guard let value = JSONValue(line), value["engine"] == nil else { return }
    let step = value["step"]?.number.flatMap(Int.init(exactly:))
    if let first = value["first"] { explosion = explosion ?? Explosion(first, step: step ?? 0) }
    // It was brought back to before that, and goes on.
    if value["restored"] != nil { explosion = nil }
    if let end = value["end"]?.string { ending = end == "ok" ? "trained" : "exploded" }
    guard let step, Self.steps.contains(step), value["first"] == nil, value["restored"] == nil
    else { return }
    let isNext = next.map { $0 <= step && step - $0 < Self.gap } ?? false
    if let next, isNext { for _ in next..<step { add(isSkipped: false) } }
    if !isNext {
      flush()
      stretch = RecordedStretch(layers: layers, first: step)
    }
    last = Values(
      loss: value["loss"]?.float ?? .nan, gradientNorm: value["gradientNorm"]?.float ?? .nan,
      learningRate: value["learningRate"]?.float ?? .nan,
      layers: measures(value["layers"]))
    add(isSkipped: value["skipped"] != nil)
    next = step + 1
  }

  /// Weights and updates are told in some steps only; a ratio stands until the next.
  private func measures(_ told: JSONValue?) -> [LayerMeasures?] {
    layers.enumerated().map { place, name in
      guard let layer = told?[name], let gradient = layer["gradient"]?.float else { return nil }
      let before = place < last.layers.count ? last.layers[place] : nil
      guard let weight = layer["weight"]?.float, let update = layer["update"]?.float else {
        return LayerMeasures(
          gradientNorm: Double(gradient), updateNorm: before?.updateNorm ?? .nan,
          weightNorm: before?.weightNorm ?? .nan)
      }
      return LayerMeasures(
        gradientNorm: Double(gradient), updateNorm: Double(update), weightNorm: Double(weight))
    }
  }

  private mutating func add(isSkipped: Bool) {
    stretch?.add(
      loss: last.loss, gradientNorm: last.gradientNorm, learningRate: last.learningRate,
      isSkipped: isSkipped, layers: last.layers)
    if let stretch, stretch.count >= Self.gap { flush() }
  }

  private mutating func flush() {
    guard let full = stretch, full.count > 0 else { return }
    writer.take(full)
    stretch?.reset(layers: layers, first: full.first + full.count)
  }
}

extension Explosion {
  /// The first thing that was not finite, as an engine tells it.
  fileprivate init(_ told: JSONValue, step: Int) {
    let kind = told["kind"]?.string
    let step = told["step"]?.number.flatMap(Int.init(exactly:)) ?? step
    self.init(
      step: Swift.max(0, step), place: told["module"]?.string ?? "loss",
      pass: told["pass"]?.string.flatMap(Pass.init) ?? .forward,
      kind: kind == "divergence" ? .divergence : .nonFinite,
      origin: kind == "divergence"
        ? nil
        : told["module"]?.string == "input" ? .input : kind == "overflow" ? .overflow : .invalid)
  }
}

extension JSONValue {
  /// A number, or the words for one that is not finite.
  fileprivate var float: Float? {
    number.map { Float($0) } ?? string.flatMap { Float($0) }
  }
}
