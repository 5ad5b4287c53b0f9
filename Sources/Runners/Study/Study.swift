import Foundation
import KeelCauses
import KeelEngine
import KeelRecipes
import KeelSettings
import KeelTraining

/// A training that is started from a command line, in whatever language: its words with
/// placeholders, the settings that stand in them, and where its loss is read.
///
/// `program: [python, train.py, --lr, "{learning-rate}"]`. See `Guides/Studies.md`.
public struct Study: Configurable {
  public var name: String
  /// The words of the command line; no shell reads them.
  public var program: [String]
  /// What its placeholders stand for.
  public var settings: StudySettings
  /// Where its loss is read.
  public var loss: LossSource
  /// Losses that a whole training tells: one a step.
  public var steps: Int
  /// Steps of the program for each loss that it tells.
  public var every: Int
  /// Rows that each of its losses is the mean of, about.
  public var batch: Int
  /// Seconds without a loss or a line that are no hang.
  public var patience: Double
  /// The seed, where the program takes one.
  public var seed: UInt64
  /// The loss of the best output that is the same for every row, where it is known.
  public var constantLoss: Inherited<Double>
  /// The folder that it runs in, or a copy of it: the study file's, absolute.
  public var folder = "."

  public static let fields: [Field<Study>] = [
    .init("name", \.name, "what the study is called"),
    .init("program", \.program, required: true, "the words of its command line"),
    .init("settings", \.settings, required: true, "what may be changed, each with its reference"),
    .init("loss", \.loss, required: true, "where the loss is read"),
    .init("steps", \.steps, .atLeast(1), required: true, "the steps of a whole training"),
    .init("every", \.every, .atLeast(1), "steps of the program for each loss that it tells"),
    .init("batch", \.batch, .atLeast(1), "rows that each loss is the mean of"),
    .init("patience", \.patience, .positive, "seconds without a line that are no hang"),
    .init("seed", \.seed, "the seed, in place of {seed}"),
    .init("constant-loss", \.constantLoss, "the loss of the best constant output"),
  ]

  public init() {
    (name, program, settings, loss) = ("study", [], StudySettings(), .pattern(""))
    (steps, every, batch, patience, seed, constantLoss) = (1, 1, 32, 60, 0, .init())
  }

  /// Reads a tree strictly: what is unknown, missing or out of range is an error with its place.
  public init(_ settings: Settings) throws {
    let reader = SettingsReader(catalog: .standard)
    guard case .map = settings.node else {
      throw reader.error(
        settings, "expected a mapping, found \(settings.kind)",
        fix: "begin with program:, settings:, loss: and steps:")
    }
    try self.init(reading: settings, reader)
  }

  public func validate(at path: String) throws {
    guard !program.isEmpty else {
      throw KeelError(
        .invalid, at: "program", "has no words", fix: "write the command line: [python, train.py]")
    }
    guard !settings.knobs.isEmpty else {
      throw KeelError(
        .invalid, at: "settings", "names none", fix: "name what may be changed, with its reference")
    }
    try CauseCatalog.standard.check(settings.knobs)
    let known = settings.knobs.map(\.name) + Placeholder.own
    let used = Set(program.flatMap { Placeholder.names(in: $0) })
    for (index, word) in program.enumerated() {
      for name in Placeholder.names(in: word) where !known.contains(name) {
        throw KeelError(
          .invalid, at: "program[\(index)]", "{\(name)} is no setting",
          fix: suggestion(for: name, among: known) + " (braces that are meant are doubled)")
      }
    }
    if let idle = settings.knobs.first(where: { !used.contains($0.name) }) {
      throw KeelError(
        .invalid, at: "settings.\(idle.name)", "stands nowhere in the program",
        fix: "write {\(idle.name)} into its words, or remove the setting")
    }
    try loss.validate()
  }

  /// The same with the program's settings at other values.
  func setting(_ values: [(name: String, value: Settings)]) -> Study {
    var study = self
    study.settings.knobs = settings.knobs.map { knob in
      guard let value = values.last(where: { $0.name == knob.name })?.value else { return knob }
      return Knob(
        knob.name, value: value, reference: knob.reference, cause: knob.cause, values: knob.values)
    }
    return study
  }

  /// Whether it can be trained on another seed.
  public var takesSeeds: Bool { program.contains { Placeholder.names(in: $0).contains("seed") } }

  /// The command line of a whole training under a recipe that was made of it.
  package func words(of recipe: Recipe) -> [String] {
    let values = (recipe.own.value?.entries ?? []).map { ($0.key, $0.value.word) }
    return words(Dictionary(values) { $1 }, seed: recipe.seed, losses: steps)
  }

  /// Files that its words name, and its log.
  public var files: [String] {
    (program + [loss.file].compactMap { $0 }).map { $0.hasPrefix("/") ? $0 : "\(folder)/\($0)" }
  }

  /// The same with the settings of such a recipe.
  package func setting(of recipe: Recipe) -> Study {
    setting((recipe.own.value?.entries ?? []).map { ($0.key, $0.value) })
  }

  /// The command line of one training.
  /// - Parameters:
  ///   - values: of the settings, where they are not the study's own.
  ///   - losses: how many it tells.
  func words(
    _ values: [String: String] = [:], seed: UInt64, losses: Int, folder: String = "."
  ) -> [String] {
    var all = Dictionary(uniqueKeysWithValues: settings.knobs.map { ($0.name, $0.value.word) })
    all.merge(values) { $1 }
    all["seed"] = String(seed)
    all["steps"] = String(losses * every)
    all["folder"] = folder
    return program.map { Placeholder.filled($0, by: all) }
  }
}

extension Study: CustomStringConvertible {
  /// The study as YAML, every default written out; it reads back as the same.
  public var description: String { written.document() }

  /// The whole study as a tree, every default written out.
  public var written: Settings {
    func tree(_ study: some Configurable) -> Settings { study.settings }
    return tree(self)
  }

  /// One to start from.
  public static let template = """
    # A training that is started from a command line: keel cure study.yaml
    # No shell reads the words; {seed} and {steps} are filled in where the program takes them.
    program: [python, train.py, --lr, "{learning-rate}", --std, "{init-std}", --seed, "{seed}", \
    --steps, "{steps}"]
    # What may be changed: as it is, as sound trainings have it, and further values to try.
    settings:
      learning-rate: {value: 3, reference: 0.01, remedies: [0.1]}
      init-std: {value: 1, reference: 0.05, cause: poor-initialization}
    # Where the loss of each step is read: this, {json: loss}, {csv: log.csv, column: loss}, or
    # {tensorboard: runs}.
    loss: {pattern: 'loss[ =:]+(\\S+)'}
    steps: 2000

    """
}

/// The settings of a study, by name: `{learning-rate: {value: 3, reference: 0.01}}`.
public struct StudySettings: SettingValue {
  package var knobs: [Knob] = []

  init() {}

  public init(_ settings: Settings, _ reader: SettingsReader, _ limits: NumberRange) throws {
    guard case .map(let entries) = settings.node else {
      throw reader.error(
        settings, "expected names, found \(settings.kind)",
        fix: "write learning-rate: {value: 3, reference: 0.01}")
    }
    for entry in entries {
      let reader = SettingsReader(catalog: reader.catalog, path: "\(reader.path).\(entry.key)")
      guard Placeholder.isName(entry.key), !Placeholder.own.contains(entry.key) else {
        throw reader.error(
          entry.value, "cannot be the name of a setting",
          fix:
            "use letters, digits and dashes; \(Placeholder.own.joined(separator: ", ")) are taken")
      }
      let written = try StudySetting(reading: entry.value, reader)
      knobs.append(
        Knob(
          entry.key, value: written.value.settings, reference: written.reference.settings,
          cause: written.cause.value, values: written.remedies.map(\.settings)))
    }
  }

  public var written: Settings? {
    .map(
      knobs.map { knob in
        var setting = StudySetting()
        (setting.value, setting.reference) = (Word(knob.value), Word(knob.reference))
        setting.cause = .init(knob.cause)
        setting.remedies = knob.values.map(Word.init)
        return .init(knob.name, setting.settings)
      })
  }
}

/// One setting as a study writes it.
private struct StudySetting: Configurable {
  var value = Word(.scalar("0"))
  var reference = Word(.scalar("0"))
  var cause = Inherited<String>()
  var remedies: [Word] = []

  static let fields: [Field<StudySetting>] = [
    .init("value", \.value, required: true, "what it is"),
    .init("reference", \.reference, required: true, "what it is where trainings are sound"),
    .init("cause", \.cause, "the cause that it stands for: poor-initialization"),
    .init("remedies", \.remedies, "further values to try"),
  ]
}

/// A word of a command line: a number or a text, kept as it was written.
private struct Word: SettingValue {
  let settings: Settings

  init(_ settings: Settings) { self.settings = settings }

  init(_ settings: Settings, _ reader: SettingsReader, _ limits: NumberRange) throws {
    guard case .scalar = settings.node else {
      throw reader.error(
        settings, "expected a number or a text, found \(settings.kind)", fix: "write one value")
    }
    self.settings = settings
  }

  var written: Settings? { settings }
}

extension Settings {
  /// A scalar as it was written, without quotes; a list or a map on one line.
  package var word: String {
    if case .scalar(let text, _) = node { text } else { line }
  }
}

/// A setting's name in braces, in a word of a command line; doubled braces stand for themselves.
enum Placeholder {
  /// Those that every study has.
  static let own = ["seed", "steps", "folder"]

  static func isName(_ text: String) -> Bool {
    text.first?.isLetter ?? false
      && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) }
  }

  static func names(in word: String) -> [String] {
    parts(of: word).compactMap { if case .name(let name) = $0 { name } else { nil } }
  }

  static func filled(_ word: String, by values: [String: String]) -> String {
    parts(of: word).map { part in
      switch part {
      case .text(let text): text
      case .name(let name): values[name] ?? "{\(name)}"
      }
    }.joined()
  }

  private enum Part {
    case text(String)
    case name(String)
  }

  private static func parts(of word: String) -> [Part] {
    var (parts, text, rest): ([Part], String, Substring) = ([], "", word[...])
    while let first = rest.first {
      if rest.hasPrefix("{{") || rest.hasPrefix("}}") {
        text.append(first)
        rest = rest.dropFirst(2)
      } else if first == "{", let end = rest.firstIndex(of: "}"),
        isName(String(rest[rest.index(after: rest.startIndex)..<end]))
      {
        parts += [.text(text), .name(String(rest[rest.index(after: rest.startIndex)..<end]))]
        text = ""
        rest = rest[rest.index(after: end)...]
      } else {
        text.append(first)
        rest = rest.dropFirst()
      }
    }
    return parts + [.text(text)]
  }
}
