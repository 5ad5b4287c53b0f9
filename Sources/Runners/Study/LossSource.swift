import Foundation
import KeelEngine
import KeelSettings

/// Where the losses of a study's program are read: `{pattern: 'loss (\S+)'}`, `{json: loss}`,
/// `{csv: log.csv, column: loss}`, `{tensorboard: runs}`.
public enum LossSource: SettingValue {
  /// Lines that it prints; the first group of the pattern is the loss.
  case pattern(String)
  /// Lines that it prints, each a JSON object: the name of the loss in it.
  case json(String)
  /// A file that it writes, and the column that is the loss.
  case csv(String, column: String)
  /// A folder of events that it writes, and the tag that is the loss; nil: what usually is.
  case tensorBoard(String, tag: String?)

  public init(_ settings: Settings, _ reader: SettingsReader, _ limits: NumberRange) throws {
    let written = try Written(reading: settings, reader)
    let given = [
      written.pattern.value.map(LossSource.pattern), written.json.value.map(LossSource.json),
      written.csv.value.map { .csv($0, column: written.column.value ?? "loss") },
      written.tensorboard.value.map { .tensorBoard($0, tag: written.tag.value) },
    ].compactMap(\.self)
    guard given.count == 1 else {
      throw reader.error(
        settings, given.isEmpty ? "says nowhere to read it" : "says several places to read it",
        fix: "write one of: {pattern: 'loss (\\S+)'}, {json: loss}, {csv: log.csv, column: loss}, "
          + "{tensorboard: runs}")
    }
    guard written.column.value == nil || written.csv.value != nil,
      written.tag.value == nil || written.tensorboard.value != nil
    else {
      throw reader.error(
        settings, "'column' is for csv, 'tag' for tensorboard", fix: "leave it out")
    }
    self = given[0]
  }

  public var written: Settings? {
    var written = Written()
    switch self {
    case .pattern(let pattern): written.pattern = .init(pattern)
    case .json(let key): written.json = .init(key)
    case .csv(let file, let column):
      (written.csv, written.column) = (.init(file), .init(column))
    case .tensorBoard(let folder, let tag):
      (written.tensorboard, written.tag) = (.init(folder), .init(tag))
    }
    return written.settings
  }

  private struct Written: Configurable {
    var pattern = Inherited<String>()
    var json = Inherited<String>()
    var csv = Inherited<String>()
    var column = Inherited<String>()
    var tensorboard = Inherited<String>()
    var tag = Inherited<String>()

    static let fields: [Field<Written>] = [
      .init("pattern", \.pattern, "a regular expression; its group is the loss"),
      .init("json", \.json, "the name of the loss in lines of JSON"),
      .init("csv", \.csv, "a table that it writes"),
      .init("column", \.column, "the column of the loss"),
      .init("tensorboard", \.tensorboard, "a folder of events that it writes"),
      .init("tag", \.tag, "the tag of the loss"),
    ]
  }

  /// - Throws: `KeelError` where the pattern is none, or has no group; where a log is not each
  ///   trial's own.
  func validate() throws {
    if let file {
      let parts = (file as NSString).pathComponents
      guard !file.hasPrefix("/"), !parts.contains(where: { $0.hasPrefix(".") }) else {
        throw KeelError(
          .invalid, at: "loss", "'\(file)' is not in the folder that each trial has of its own",
          fix:
            "let the program write below the folder it runs in, in none whose name begins with '.'")
      }
    }
    guard case .pattern(let pattern) = self else { return }
    let groups: Int
    do {
      groups = try NSRegularExpression(pattern: pattern).numberOfCaptureGroups
    } catch {
      throw KeelError(
        .invalid, at: "loss.pattern", "'\(pattern)' is no regular expression",
        fix: "write one such as 'loss[ =:]+(\\S+)'")
    }
    guard groups == 1 else {
      throw KeelError(
        .invalid, at: "loss.pattern", "has \(groups) groups, and the loss is one",
        fix: "put ( ) around the number, and (?: ) around anything else")
    }
  }

  /// What it writes itself, and what is there before is none of this training's.
  var file: String? {
    switch self {
    case .pattern, .json: nil
    case .csv(let file, _): Self.plain(file)
    case .tensorBoard(let folder, _): Self.plain(folder)
    }
  }

  /// `./runs/` is `runs`.
  private static func plain(_ path: String) -> String {
    let parts = (path as NSString).pathComponents.filter { $0 != "." }
    let plain = NSString.path(withComponents: parts)
    return plain.count > 1 && plain.hasSuffix("/") ? String(plain.dropLast()) : plain
  }
}
