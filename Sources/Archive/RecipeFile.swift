import Foundation
import KeelData
import KeelEngine
import KeelRecipes
import KeelSettings
import Yams

/// Recipes as files: YAML, at most 1 MiB, read strictly.
public enum RecipeFile {
  /// The largest recipe that is read, in bytes.
  public static let sizeLimit = 1 << 20

  /// Reads a recipe.
  /// - Parameters:
  ///   - path: the file; its name is the recipe's, if the recipe does not say.
  ///   - changes: `path=value` pairs, applied in order before the recipe is checked.
  ///   - waits: told once, when a pipe has given nothing for two seconds; it is waited for all the
  ///     same.
  /// - Throws: `KeelError` with the path into the recipe and the line and column.
  public static func read(
    _ path: String, setting changes: [String] = [], catalog: Catalog = .standard,
    waits: () -> Void = {}
  ) throws -> Recipe {
    let file = URL(fileURLWithPath: path)
    let written = try settings(at: path, waits)
    guard written["program"] == nil else {
      throw KeelError(
        .invalid, at: path, "is a study: its program trains, and Keel does not",
        fix: RecipeStream.isFile(path)
          ? "give it to 'keel diagnose' or 'keel cure'"
          : "write it to a file: its program runs where that lies")
    }
    var recipe = try decode(
      written, applying: changes, catalog, name: file.deletingPathExtension().lastPathComponent)
    // What comes through a pipe lies nowhere: its files are looked for where the command was typed.
    let isFile = RecipeStream.isFile(path)
    recipe.folder =
      isFile ? file.deletingLastPathComponent().path : FileManager.default.currentDirectoryPath
    return recipe
  }

  /// Whether a path names a file, and not a pipe that a recipe comes through.
  public static func isFile(_ path: String) -> Bool { RecipeStream.isFile(path) }

  /// A recipe from its text.
  /// - Parameter folder: that its file names are relative to.
  /// - Throws: `KeelError` with the path into the recipe and the line and column.
  public static func recipe(
    yaml text: String, named name: String, in folder: String, catalog: Catalog = .standard
  ) throws -> Recipe {
    var recipe = try decode(
      settings(yaml: text, named: name), applying: [], catalog, name: name)
    recipe.folder = folder
    return recipe
  }

  /// Writes a recipe, every default included, with its file names relative to the new place.
  public static func write(_ recipe: Recipe, to path: String) throws {
    let target = URL(fileURLWithPath: path).deletingLastPathComponent()
    let moved = recipe.renamingFiles { name in
      let file = URL(
        fileURLWithPath: name, relativeTo: URL(fileURLWithPath: recipe.folder + "/"))
      return name.hasPrefix("/") ? name : relative(file.standardizedFileURL, to: target)
    }
    try AtomicFile.write(Data(moved.description.utf8), to: path)
  }

  /// A file of YAML as a tree.
  static func settings(at path: String, _ waits: () -> Void = {}) throws -> Settings {
    try settings(
      yaml: text(at: path, waits), named: URL(fileURLWithPath: path).lastPathComponent)
  }

  /// A YAML text as a tree.
  public static func settings(yaml text: String, named name: String) throws -> Settings {
    try YAMLScreen.check(text, name: name)
    do {
      guard let node = try Yams.compose(yaml: text, .basic) else {
        throw KeelError(
          .invalid, at: name, "is empty",
          fix: "write a recipe; 'keel show --template mlp' prints one")
      }
      return try Settings(node, name)
    } catch let error as YamlError {
      throw problem(error, name)
    }
  }

  /// A recipe with `path=value` pairs applied to it.
  public static func change(_ recipe: Recipe, setting changes: [String]) throws -> Recipe {
    var changed = try decode(recipe.written, applying: changes, .standard, name: recipe.name)
    changed.folder = recipe.folder
    return changed
  }

  private static func decode(
    _ written: Settings, applying changes: [String], _ catalog: Catalog, name: String
  ) throws -> Recipe {
    let pairs = try changes.map(pair)
    // Paths lead through the complete recipe, where every setting can be named; a recipe that is
    // not complete yet is changed as it was written.
    var tree = (try? Recipe(written, catalog: catalog, name: name).written) ?? written
    if pairs.isEmpty { tree = written }
    for (path, value) in pairs {
      try tree.set(path, to: value)
      if let complete = try? Recipe(tree, catalog: catalog, name: name) { tree = complete.written }
    }
    return try Recipe(tree, catalog: catalog, name: name)
  }

  /// Splits `path=value`; the value is YAML.
  static func pair(_ change: String) throws -> (String, Settings) {
    guard let equals = change.firstIndex(of: "="), equals != change.startIndex else {
      throw KeelError(
        .usage, at: "--set \(change)", "has no path and value",
        fix: "write PATH=VALUE, such as optimizer.sgd.learning-rate=0.01")
    }
    let value = String(change[change.index(after: equals)...])
    guard value.contains(where: { !$0.isWhitespace }) else {
      throw KeelError(.usage, at: "--set \(change)", "has no value", fix: "write PATH=VALUE")
    }
    do {
      let settings = try settings(yaml: value, named: "--set \(change)")
      return (String(change[..<equals]), settings.standing(at: "--set \(change)"))
    } catch var error as KeelError {
      error.source = nil  // a line and a column say nothing where there is one line
      throw error
    }
  }

  private static func text(at path: String, _ waits: () -> Void) throws -> String {
    let data = try RecipeStream(path).read(upTo: sizeLimit + 1, waits)
    guard data.count <= sizeLimit else {
      throw KeelError(
        .invalid, at: path, "is larger than 1 MiB",
        fix: "a recipe is a page of text; put data into files of their own")
    }
    guard let text = String(validatingUTF8: data), !text.contains("\0") else {
      throw KeelError(.invalid, at: path, "is not a text file (UTF-8)", fix: "name a recipe file")
    }
    return text
  }

  private static func problem(_ error: YamlError, _ name: String) -> KeelError {
    switch error {
    case .duplicatedKeysInMapping(let duplicates, let context):
      return KeelError(
        .invalid, at: name, "'\(duplicates.sorted().joined(separator: "', '"))' is there twice",
        fix: "keep one of them", source: "\(name):\(context.mark.line):\(context.mark.column)")
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return KeelError(
        .invalid, at: name, "is not YAML: \(problem) in line \(mark.line), column \(mark.column)",
        fix: "check indentation, colons and brackets there",
        source: "\(name):\(mark.line):\(mark.column)")
    case .reader(let problem, _, _, _):
      return KeelError(
        .invalid, at: name, "is not YAML: \(problem)", fix: "save it as plain UTF-8 text")
    default:
      return KeelError(
        .invalid, at: name, "is not YAML", fix: "compare it with 'keel show --template mlp'")
    }
  }

  /// A path from one folder to a file: `../data/train.csv`.
  private static func relative(_ file: URL, to folder: URL) -> String {
    let from = folder.standardizedFileURL.pathComponents
    let to = file.pathComponents
    let shared = zip(from, to).prefix { $0 == $1 }.count
    let up = Array(repeating: "..", count: from.count - shared)
    return (up + to[shared...]).joined(separator: "/")
  }
}

extension String {
  /// Nil where the bytes are not UTF-8; a byte-order mark is dropped.
  fileprivate init?(validatingUTF8 data: Data) {
    guard let text = String(data: data, encoding: .utf8) else { return nil }
    self = text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
  }
}

extension Settings {
  /// The same tree, all of it from one place.
  fileprivate func standing(at source: String) -> Settings {
    switch node {
    case .scalar: Settings(node, source: source)
    case .list(let items): Settings(.list(items.map { $0.standing(at: source) }), source: source)
    case .map(let entries):
      Settings(
        .map(entries.map { Entry($0.key, $0.value.standing(at: source)) }), source: source)
    }
  }

  /// - Throws: `KeelError` where a key is not a plain word.
  fileprivate init(_ node: Yams.Node, _ file: String) throws {
    let source = node.mark.map { "\(file):\($0.line):\($0.column)" }
    switch node {
    case .scalar(let scalar):
      self.init(
        .scalar(scalar.string, quoted: scalar.style != .plain && scalar.style != .any),
        source: source)
    case .sequence(let sequence):
      self.init(.list(try sequence.map { try Settings($0, file) }), source: source)
    case .mapping(let mapping):
      let entries = try mapping.map { key, value -> Entry in
        guard case .scalar(let name) = key else {
          throw KeelError(
            .invalid, at: file, "has a key that is not a word", fix: "write keys as plain words",
            source: source)
        }
        return Entry(name.string, try Settings(value, file))
      }
      self.init(.map(entries), source: source)
    case .alias:
      throw YAMLScreen.Refused.alias.error(at: source ?? file, name: file)
    }
  }
}
