import Foundation
import KeelEngine

extension TrainingLog {
  /// Reads a log of whichever format: a file, or a folder that a tool writes one into.
  ///
  /// Nothing in it is executed: a pickle is refused.
  /// - Throws: `KeelError` for what is not there, is several logs, or is none.
  public static func read(_ path: String) throws -> TrainingLog {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw KeelError(.missing, at: path, "is not there", fix: "check its name")
    }
    let log = try isFolder.boolValue ? read(folder: path) : read(file: path)
    guard !log.series.isEmpty else {
      throw KeelError(
        .invalid, at: path, "holds no numbers of a training",
        fix: "name a log: TensorBoard's events, a CSV with a header, JSON lines, trainer_state.json"
      )
    }
    return log
  }

  /// Whether a path looks like a log rather than a recipe: by what is in it, not by its name.
  public static func isLog(_ path: String) -> Bool {
    let attributes = try? FileManager.default.attributesOfItem(
      atPath: URL(fileURLWithPath: path).resolvingSymlinksInPath().path)
    guard let type = attributes?[.type] as? FileAttributeType else { return false }
    if type == .typeDirectory { return true }
    // What comes through a pipe can be read once.
    guard type == .typeRegular, let head = try? head(of: path), !head.isEmpty else { return false }
    if EventReader.recognizes(head) || isPickle(head) { return true }
    let name = (path as NSString).lastPathComponent.lowercased()
    if name.hasSuffix(".yaml") || name.hasSuffix(".yml") { return false }
    if head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0xFE, 0xFF]) { return true }
    let line = firstLine(head)
    if line.first == UInt8(ascii: "{") {
      // A recipe may be JSON, too.
      let text = String(decoding: head, as: UTF8.self)
      return !(text.contains("\"model\"") && text.contains("\"data\""))
    }
    return TableLogReader.recognizes(line) || MetricFileReader.recognizes(line)
  }

  private static func read(file path: String) throws -> TrainingLog {
    let head = try head(of: path)
    if EventReader.recognizes(head) { return try EventReader.read(path) }
    if isPickle(head) {
      let isZip = head.first == 0x50
      throw KeelError(
        .invalid, at: path,
        isZip
          ? "is a zip: a model, or what torch.save wrote; no log"
          : "is a pickle: reading it would run what is in it",
        fix: "write the numbers as JSON lines or CSV, and name that file")
    }
    if head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0xFE, 0xFF]) || head.contains(0) {
      throw KeelError(
        .invalid, at: path, "is no text in UTF-8 (UTF-16, or binary)",
        fix: "save it as UTF-8: iconv -f UTF-16 -t UTF-8")
    }
    let line = firstLine(head)
    if line.first == UInt8(ascii: "{") {
      let name = (path as NSString).lastPathComponent
      let isState =
        name == "trainer_state.json"
        || String(decoding: head, as: UTF8.self).contains("\"log_history\"")
      return try isState ? JSONLogReader.readState(path) : JSONLogReader.readLines(path)
    }
    if MetricFileReader.recognizes(line) { return try MetricFileReader.read(path) }
    guard TableLogReader.recognizes(line) else {
      throw KeelError(
        .invalid, at: path, "is no log that is known",
        fix: "name TensorBoard's events, a CSV with a header, JSON lines, or trainer_state.json")
    }
    return try TableLogReader.read(path)
  }

  /// What a tool keeps its numbers in, by the tool; in a folder with one run.
  private static func read(folder path: String) throws -> TrainingLog {
    let names: [String]
    do {
      names = try FileManager.default.subpathsOfDirectory(atPath: path).sorted()
    } catch {
      throw KeelError(
        .missing, at: path, "holds something that cannot be read",
        fix: "name the log itself, or check the rights")
    }
    func named(_ fits: (String) -> Bool) -> [String] {
      names.filter { fits(($0 as NSString).lastPathComponent) }
    }
    let events = named { $0.hasPrefix("events.out.tfevents.") }
    let folders = Set(events.map { ($0 as NSString).deletingLastPathComponent })
    // Keras writes a run into two.
    if folders == ["train", "validation"] { return try read(folder: "\(path)/train") }
    if folders.count > 1 { throw several(path, folders.sorted()) }
    if !events.isEmpty { return try merged(events.map { "\(path)/\($0)" }, path) }
    for file in ["trainer_state.json", "metrics.csv"] {
      let found = named { $0 == file }
      if found.count > 1 { throw several(path, found) }
      if let first = found.first { return try read(file: "\(path)/\(first)") }
    }
    if path.hasSuffix("metrics") || path.hasSuffix("metrics/") {
      return try MetricFileReader.read(path)
    }
    if names.contains("metrics") { return try MetricFileReader.read("\(path)/metrics") }
    throw KeelError(
      .invalid, at: path, "is a folder without a log that is known",
      fix: "name the log itself: events.out.tfevents.…, metrics.csv, trainer_state.json")
  }

  private static func several(_ path: String, _ names: [String]) -> KeelError {
    KeelError(
      .invalid, at: path, "holds \(names.count) runs: \(names.prefix(6).joined(separator: ", "))",
      fix: "name one of them: \(path)/\(names[0])")
  }

  /// A training that was gone on with has several files, one after the other.
  private static func merged(_ files: [String], _ path: String) throws -> TrainingLog {
    var all = TrainingLog(.tensorBoard, path)
    for file in files {
      let log = try EventReader.read(file)
      all.remarks += log.remarks
      for (name, series) in log.series {
        for point in series.points { all.add(point.value, name, at: point.step) }
      }
    }
    return all
  }

  private static func head(of path: String) throws -> [UInt8] {
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw KeelError(.missing, at: path, "cannot be read", fix: "check its rights")
    }
    defer { try? file.close() }
    return Array(try file.read(upToCount: 1 << 16) ?? Data())
  }

  private static func firstLine(_ head: [UInt8]) -> ArraySlice<UInt8> {
    let text = head.starts(with: [0xEF, 0xBB, 0xBF]) ? head.dropFirst(3) : head[...]
    return text.drop { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
      .prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
  }

  /// `torch.save` and `pickle` of any protocol from 2 on; a zip of one.
  private static func isPickle(_ head: [UInt8]) -> Bool {
    (head.count > 2 && head[0] == 0x80 && (2...5).contains(head[1]))
      || head.starts(with: [0x50, 0x4B, 0x03, 0x04])
  }
}
