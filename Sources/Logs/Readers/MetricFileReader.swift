import Foundation
import KeelEngine

/// Reads MLflow's metric files: one a name, a line `time value step` for each value.
enum MetricFileReader {
  /// Whether a line is one of such a file.
  static func recognizes(_ line: ArraySlice<UInt8>) -> Bool {
    let words = words(line)
    return words.count == 3 && words[0].count >= 10 && words[0].allSatisfy(\.isNumber)
      && Double(words[1]) != nil && Int(words[2]) != nil
  }

  /// One file, whose name is the metric's; or a folder of them.
  static func read(_ path: String) throws -> TrainingLog {
    var log = TrainingLog(.mlflow, path)
    var isFolder: ObjCBool = false
    _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    let names =
      isFolder.boolValue
      ? try FileManager.default.subpathsOfDirectory(atPath: path).filter { !$0.hasPrefix(".") }
      : [""]
    for name in names.sorted() {
      let file = name.isEmpty ? path : "\(path)/\(name)"
      var isInner: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: file, isDirectory: &isInner)
      if isInner.boolValue { continue }
      var lines = try LineReader(file)
      while let line = try lines.next() {
        let words = Self.words(line)
        guard words.count == 3, let value = Double(words[1]), let step = Int(words[2]) else {
          continue
        }
        log.add(value, name.isEmpty ? (path as NSString).lastPathComponent : name, at: step)
      }
    }
    return log
  }

  private static func words(_ line: ArraySlice<UInt8>) -> [String] {
    line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
  }
}
