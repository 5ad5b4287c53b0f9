import Foundation
import GRDB
import KeelAuthoring

/// An archive of runs: what was trained, diagnosed, cured and forecast, and how that went.
///
/// It is one SQLite file with a write-ahead log: several processes write to it, one at a time,
/// while others read. Where the file system has no shared memory it has a rollback journal instead.
public final class History: Sendable {
  /// Where it lies.
  public let path: String
  let database: any DatabaseWriter
  /// Seconds that a process waits for another that writes.
  private let patience: Double
  /// Whether it is a copy, of an older file that cannot be written.
  private let isCopy: Bool

  /// Opens an archive, and makes one where there is none.
  ///
  /// - Parameter create: false where a file that is not there is an error.
  /// - Throws: `KeelError` for a file that is not there, is damaged, is another program's or a
  ///   newer Keel's, or cannot be written.
  public convenience init(_ path: String, create: Bool = true) throws {
    try self.init(path, create: create, patience: 5)
  }

  package init(_ path: String, create: Bool = true, patience: Double) throws {
    (self.path, self.patience) = (path, patience)
    do {
      if create { try Self.makeFolder(of: path) } else { try Self.checkFile(path) }
      try Schema.checkOwner(ofFile: path)
      let file = try create ? Self.open(path, patience) : Self.openToRead(path, patience)
      // What is up to date is opened while another process writes.
      let version = try file.read { try Schema.check($0, at: path) }
      let isOlder = version < Schema.migrations.count
      database = isOlder ? try Self.migrated(file, at: path, isToWrite: create) : file
      isCopy = database !== file
    } catch {
      throw Self.explained(error, at: path, patience)
    }
  }

  /// What a file system without shared memory answers to a write-ahead log.
  private static let refusals: [ResultCode] = [
    .SQLITE_ERROR, .SQLITE_IOERR, .SQLITE_CANTOPEN, .SQLITE_PROTOCOL,
  ]

  private static func open(_ path: String, _ patience: Double) throws -> any DatabaseWriter {
    var configuration = Configuration()
    // SQLite's own wait looks every tenth of a second in the end: where many write, who came last
    // is before who has waited. Chance is fair.
    let looks = Int(patience / 0.011)
    configuration.busyMode = .callback { count in
      usleep(.random(in: 2_000...20_000))
      return count < looks
    }
    configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = NORMAL") }
    do {
      return try DatabasePool(path: path, configuration: configuration)
    } catch let error as DatabaseError where refusals.contains(error.resultCode.primaryResultCode) {
      // Where it refuses more than a write-ahead log, this says what.
      return try DatabaseQueue(path: path, configuration: configuration)
    }
  }

  /// Where it cannot be written it is read as it lies.
  private static func openToRead(_ path: String, _ patience: Double) throws -> any DatabaseWriter {
    do {
      return try open(path, patience)
    } catch let error as DatabaseError
      where [.SQLITE_READONLY, .SQLITE_CANTOPEN].contains(error.resultCode.primaryResultCode)
    {
      var configuration = Configuration()
      configuration.readonly = true
      let place = URL(fileURLWithPath: path).absoluteString
      return try DatabaseQueue(path: "\(place)?immutable=1", configuration: configuration)
    }
  }

  /// Brings a file up to date; one that cannot be written is brought so in memory, to be read.
  private static func migrated(
    _ file: any DatabaseWriter, at path: String, isToWrite: Bool
  ) throws -> any DatabaseWriter {
    do {
      try file.write { try Schema.migrate($0, at: path) }
      return file
    } catch let error as DatabaseError
      where !isToWrite && error.resultCode.primaryResultCode == .SQLITE_READONLY
    {
      let copy = try DatabaseQueue()
      try file.backup(to: copy)
      try copy.write { try Schema.migrate($0, at: path) }
      return copy
    }
  }

  /// The folder is for this machine alone: git is told so by a file in it, as the caches of other
  /// tools do.
  private static func makeFolder(of path: String) throws {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    guard folder.lastPathComponent == ".keel" else { return }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let rules = folder.appendingPathComponent(".gitignore")
    guard !FileManager.default.fileExists(atPath: rules.path) else { return }
    try "*\n".write(to: rules, atomically: true, encoding: .utf8)
  }

  private static func checkFile(_ path: String) throws {
    if let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int {
      guard size == 0 else { return }
      throw KeelError(
        .invalid, at: path, "is empty: no archive", fix: "name another file with --archive")
    }
    throw KeelError(
      .missing, at: path, "there is no archive",
      fix: "runs lie beside their recipe: name it with --archive FOLDER/.keel/keel.sqlite")
  }

  /// An error of SQLite or of the file system in words.
  private static func explained(
    _ error: any Error, at path: String, _ patience: Double
  ) -> KeelError {
    if let error = error as? KeelError { return error }
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      return KeelError(.invalid, at: path, "is a folder, not an archive", fix: "name a file in it")
    }
    if error is RowDecodingError {
      return KeelError(
        .invalid, at: path, "a row of it is damaged, or a newer keel's",
        fix: "use the newest keel, or name another file with --archive")
    }
    guard let error = error as? DatabaseError else {
      return KeelError(
        .unwritable, at: path, "cannot be written (\(error.localizedDescription))",
        fix: "name a file elsewhere with --archive")
    }
    switch error.resultCode.primaryResultCode {
    case .SQLITE_NOTADB, .SQLITE_CORRUPT:
      return KeelError(
        .invalid, at: path, "is damaged, or no archive at all (\(error.message ?? "SQLite"))",
        fix: "save what can be read with: sqlite3 '\(path)' .recover | sqlite3 NEW.sqlite")
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      return KeelError(
        .unwritable, at: path, "another process has kept it locked for \(Int(patience)) seconds",
        fix: "wait for that process, or name another file with --archive")
    case .SQLITE_FULL:
      return KeelError(.unwritable, at: path, "the disk is full", fix: "make room")
    case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_IOERR, .SQLITE_AUTH:
      return KeelError(
        .unwritable, at: path, "cannot be opened or written (\(error.message ?? "SQLite"))",
        fix: "look at its permissions and those of its folder, or name another with --archive")
    default:
      return KeelError(
        .broken, at: path, "\(error)", fix: "this is a fault of Keel's; please report it")
    }
  }

  func explained(_ error: any Error) -> KeelError { Self.explained(error, at: path, patience) }

  package func read<Value>(_ work: (Database) throws -> Value) throws -> Value {
    do { return try database.read(work) } catch { throw explained(error) }
  }

  package func write<Value>(_ work: (Database) throws -> Value) throws -> Value {
    guard !isCopy else {
      throw KeelError(
        .unwritable, at: path, "cannot be written",
        fix: "look at its permissions and those of its folder, or name another with --archive")
    }
    do { return try database.write(work) } catch { throw explained(error) }
  }
}
