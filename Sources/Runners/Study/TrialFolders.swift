import Foundation
import KeelEngine

/// Folders for trials that write the same files: each has the study's files as they were.
///
/// Small files are copied; large ones, hidden folders and environments are linked.
final class TrialFolders: Sendable {
  /// What is copied, and what is linked: paths below the study's folder.
  private let copied, linked, folders: [String]
  private let source: String
  /// They lie beside the study, where every machine of a cluster sees them.
  private let root: String

  /// A larger file is linked, and so is every one beyond so many bytes or entries.
  private static let (largest, most, entries) = (16 << 20, 256 << 20, 10_000)
  private static let ownFolder = ".keel"

  /// - Parameters:
  ///   - folder: of the study, absolute.
  ///   - written: what the program writes there itself.
  init(of folder: String, but written: String?) {
    source = folder
    let process = ProcessInfo.processInfo.processIdentifier
    let beside = "\(folder)/\(Self.ownFolder)"
    let base =
      FileManager.default.isWritableFile(atPath: folder)
      ? beside : NSTemporaryDirectory() + "keel"
    root = "\(base)/trials-\(process)-\(UInt32.random(in: 0 ... .max))"
    (copied, linked, folders) = Self.contents(of: folder, but: written)
    Self.removeAbandoned(in: base)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: root)
    // Only where nothing else is kept there.
    _ = rmdir((root as NSString).deletingLastPathComponent)
  }

  /// A new folder.
  /// - Throws: `KeelError` where it cannot be written.
  func make(_ number: Int) throws -> String {
    let files = FileManager.default
    let path = "\(root)/\(number)"
    do {
      try files.createDirectory(atPath: path, withIntermediateDirectories: true)
      for folder in folders {
        try files.createDirectory(atPath: "\(path)/\(folder)", withIntermediateDirectories: true)
      }
      for file in copied {
        try files.copyItem(atPath: "\(source)/\(file)", toPath: "\(path)/\(file)")
      }
      for file in linked {
        try files.createSymbolicLink(
          atPath: "\(path)/\(file)", withDestinationPath: "\(source)/\(file)")
      }
    } catch {
      throw KeelError(
        .unwritable, at: path, "cannot be made (\(error.localizedDescription))",
        fix: "make room, and let the study's folder be written")
    }
    return path
  }

  func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

  // MARK: what is there

  private static func contents(
    of root: String, but written: String?
  ) -> (copied: [String], linked: [String], folders: [String]) {
    let files = FileManager.default
    var (copied, linked, folders): ([String], [String], [String]) = ([], [], [])
    var (bytes, seen) = (0, 0)
    // Breadth first: what lies near the study is copied first.
    var waiting = [""]
    while !waiting.isEmpty {
      let folder = waiting.removeFirst()
      for name in (try? files.contentsOfDirectory(atPath: "\(root)/\(folder)"))?.sorted() ?? [] {
        let path = folder.isEmpty ? name : "\(folder)/\(name)"
        guard path != ownFolder, path != written else { continue }
        seen += 1
        let attributes = try? files.attributesOfItem(atPath: "\(root)/\(path)")
        switch attributes?[.type] as? FileAttributeType {
        case .typeDirectory?:
          let isLinked =
            name.hasPrefix(".") || ["node_modules", "__pycache__"].contains(name)
            || files.fileExists(atPath: "\(root)/\(path)/pyvenv.cfg") || seen > entries
          if isLinked {
            linked.append(path)
          } else {
            folders.append(path)
            waiting.append(path)
          }
        case .typeRegular?:
          let size = attributes?[.size] as? Int ?? 0
          let fits = size <= largest && bytes + size <= most && seen <= entries
          if fits { bytes += size }
          if fits { copied.append(path) } else { linked.append(path) }
        case .typeSymbolicLink?: linked.append(path)
        default: break  // a pipe can be read once
        }
      }
    }
    return (copied, linked, folders)
  }

  /// Folders of processes that were killed.
  private static func removeAbandoned(in base: String) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []
    where name.hasPrefix("trials-") {
      let process = name.split(separator: "-").dropFirst().first.flatMap { pid_t($0) }
      if let process, kill(process, 0) != 0, errno == ESRCH {
        try? FileManager.default.removeItem(atPath: "\(base)/\(name)")
      }
    }
  }
}
