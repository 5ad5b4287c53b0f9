import Foundation
import KeelData
import KeelEngine
import KeelRunners
import KeelSettings

/// Studies as files: YAML, read as strictly as recipes.
public enum StudyFile {
  /// Whether a file is a study: it names a program.
  public static func isStudy(_ path: String) -> Bool {
    guard RecipeFile.isFile(path), let written = try? RecipeFile.settings(at: path) else {
      return false
    }
    // One that has lost its program is told so.
    let isLike = written["settings"] != nil && written["steps"] != nil && written["model"] == nil
    return written["program"] != nil || isLike
  }

  /// Reads a study.
  /// - Parameter changes: `path=value` pairs, applied in order before it is checked; the path of a
  ///   setting alone, `settings.learning-rate`, is that of its value.
  /// - Throws: `KeelError` with the path into the study and the line and column.
  public static func read(_ path: String, setting changes: [String] = []) throws -> Study {
    var written = try RecipeFile.settings(at: path)
    for (path, value) in try changes.map(RecipeFile.pair) {
      let isSetting = path.hasPrefix("settings.") && path.count(where: { $0 == "." }) == 1
      try written.set(isSetting ? "\(path).value" : path, to: value)
    }
    var study = try Study(written)
    // What comes by another name of the system's (/dev/stdin) lies where its file does.
    let named = URL(fileURLWithPath: path)
    let file = path.hasPrefix("/dev/") ? named.resolvingSymlinksInPath() : named
    study.folder = file.deletingLastPathComponent().path
    if written["name"] == nil { study.name = file.deletingPathExtension().lastPathComponent }
    return study
  }

  /// Writes a study.
  public static func write(_ study: Study, to path: String) throws {
    try AtomicFile.write(Data(study.description.utf8), to: path)
  }
}
