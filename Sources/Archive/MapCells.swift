import Foundation
import KeelAuthoring
import KeelData
import Synchronization

/// Cells of a map as they were trained, in a file beside the archive: an interrupted map goes on
/// with them.
///
/// A line a cell, as JSON; one that is cut short is none. Another map has another file.
public final class MapCells: Sendable {
  /// What was there when it was opened.
  public let cells: [MapSearch.Known]
  private let file: Mutex<FileHandle>

  /// - Parameters:
  ///   - folder: where archives lie; nil where nothing is kept.
  ///   - key: all that decides what comes out.
  /// - Throws: `KeelError` where it cannot be written.
  public init?(_ folder: String?, key: String) throws {
    guard let folder else { return nil }
    var sum = Checksum()
    sum.add(key)
    let path = "\(folder)/maps/\(sum.text).jsonl"
    do {
      try FileManager.default.createDirectory(
        atPath: "\(folder)/maps", withIntermediateDirectories: true)
      let decoder = JSONDecoder()
      let old = (try? Data(contentsOf: URL(fileURLWithPath: path))) ?? Data()
      cells = old.split(separator: UInt8(ascii: "\n")).compactMap {
        try? decoder.decode(MapSearch.Known.self, from: Data($0))
      }
      if !FileManager.default.fileExists(atPath: path) {
        try Data().write(to: URL(fileURLWithPath: path))
      }
      // Whoever else makes the same map writes behind, and not over.
      let descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
      guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EACCES) }
      let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
      // Behind a line that was cut short.
      if let last = old.last, last != UInt8(ascii: "\n") {
        try handle.write(contentsOf: Data("\n".utf8))
      }
      file = Mutex(handle)
    } catch {
      throw KeelError(
        .unwritable, at: path, "cannot be written (\(error.localizedDescription))",
        fix: "write --archive none: an interrupted map then begins anew")
    }
  }

  /// Keeps a cell; where it cannot be, the map is made all the same.
  public func add(_ cell: MapSearch.Known) {
    guard var line = try? JSONEncoder().encode(cell) else { return }
    line.append(UInt8(ascii: "\n"))
    file.withLock { try? $0.write(contentsOf: line) }
  }
}
