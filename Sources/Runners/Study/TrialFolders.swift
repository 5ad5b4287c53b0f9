import Foundation
import KeelEngine
import Synchronization

/// Folders for trials that write the same files: each has the study's files as they were.
///
/// Small files are copied, also those that links lead to; large ones, repositories and environments
/// are linked.
final class TrialFolders: Sendable {
  /// What is copied, and what is linked: paths below the study's folder.
  private let copied, linked, folders: [String]
  private let source: String
  /// They lie beside the study, where every machine of a cluster sees them.
  private let root: String
  /// The copy that all others are made of, once there is one.
  private let original = Mutex<String?>(nil)

  /// A larger file is linked, and so is every one beyond so many bytes or entries.
  private static let (largest, most, entries) = (16 << 20, 256 << 20, 10_000)
  private static let ownFolder = ".keel"
  /// What programs read and seldom write, and what is large.
  private static let linkedFolders: Set = [".git", ".hg", ".svn", "node_modules", "__pycache__"]

  /// - Parameters:
  ///   - folder: of the study, absolute.
  ///   - written: what the program writes there itself.
  init(of folder: String, but written: String?) {
    source = folder
    let process = ProcessInfo.processInfo.processIdentifier
    let beside = "\(folder)/\(Self.ownFolder)"
    let base =
      FileManager.default.isWritableFile(atPath: folder)
      ? beside : NSTemporaryDirectory() + "keel-\(getuid())"
    // Processes of another machine that shares the disk are not this one's to tell.
    let host = ProcessInfo.processInfo.hostName.filter { $0.isLetter || $0.isNumber }
    root = "\(base)/trials-\(host)-\(process)-\(UInt32.random(in: 0 ... .max))"
    (copied, linked, folders) = Self.contents(of: folder, but: written)
    Self.removeAbandoned(in: base, "trials-\(host)-")
  }

  deinit {
    try? FileManager.default.removeItem(atPath: root)
    // Only where nothing else is kept there.
    _ = rmdir((root as NSString).deletingLastPathComponent)
  }

  /// A new folder: what is copied is as it was for the first, whatever becomes of it meanwhile.
  /// - Throws: `KeelError` where it cannot be written.
  func make(_ number: Int) throws -> String {
    let first = try original.withLock { path in
      if let path { return path }
      let made = try make("\(root)/original", from: source)
      path = made
      return made
    }
    return try make("\(root)/\(number)", from: first)
  }

  private func make(_ path: String, from original: String) throws -> String {
    let files = FileManager.default
    do {
      try files.createDirectory(atPath: path, withIntermediateDirectories: true)
      for folder in folders {
        try files.createDirectory(atPath: "\(path)/\(folder)", withIntermediateDirectories: true)
      }
      for file in copied {
        let origin = URL(fileURLWithPath: "\(original)/\(file)").resolvingSymlinksInPath()
        try files.copyItem(at: origin, to: URL(fileURLWithPath: "\(path)/\(file)"))
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
    // A link may lead back to where it lies.
    var visited: Set<String> = [URL(fileURLWithPath: root).resolvingSymlinksInPath().path]
    // Breadth first: what lies near the study is copied first.
    var waiting = [""]
    while !waiting.isEmpty {
      let folder = waiting.removeFirst()
      for name in (try? files.contentsOfDirectory(atPath: "\(root)/\(folder)"))?.sorted() ?? [] {
        let path = folder.isEmpty ? name : "\(folder)/\(name)"
        guard path != ownFolder, path != written else { continue }
        seen += 1
        // What a link leads to would be written through it.
        let target = URL(fileURLWithPath: "\(root)/\(path)").resolvingSymlinksInPath().path
        let attributes = try? files.attributesOfItem(atPath: target)
        switch attributes?[.type] as? FileAttributeType {
        case .typeDirectory?:
          let isLinked =
            linkedFolders.contains(name) || seen > entries || !visited.insert(target).inserted
            || files.fileExists(atPath: "\(root)/\(path)/pyvenv.cfg")
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
        default: break  // a pipe can be read once, and a link that leads nowhere not at all
        }
      }
    }
    return (copied, linked, folders)
  }

  /// Folders of processes that were killed.
  private static func removeAbandoned(in base: String, _ prefix: String) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []
    where name.hasPrefix(prefix) {
      let process = name.dropFirst(prefix.count).split(separator: "-").first.flatMap { pid_t($0) }
      if let process, kill(process, 0) != 0, errno == ESRCH {
        try? FileManager.default.removeItem(atPath: "\(base)/\(name)")
      }
    }
  }
}
