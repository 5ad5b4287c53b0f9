import Foundation
import GRDB
import KeelAuthoring

/// A run as an archive lists it: a row of its table `run`.
public struct ArchivedRun: Codable, Hashable, Sendable, Identifiable {
  /// The verbs that leave a run.
  public enum Kind: String, Codable, Sendable { case train, forecast, diagnose, cure }

  /// Sixteen hexadecimal digits; any beginning that no other run shares names it.
  public let id: String
  /// The run that this one is part of, or went on from.
  public internal(set) var parent: String?
  /// What was done.
  public let kind: Kind
  /// The recipe's name.
  public let name: String
  /// The number of its recipe in the table `recipe`; nil for what is no recipe.
  var recipe: Int64?
  /// That the recipe's file names are relative to.
  let folder: String
  /// A checksum of the rows that it was trained on; nil where nobody knows.
  public let rows: String?
  /// The recipe's seed, in decimal digits: SQLite has no unsigned number.
  let seed: String
  /// What was trained, as it stood on the command line: `exploding.yaml --seed 3`.
  public let problem: String
  /// What was typed.
  public let command: String
  /// Who trained it: `keel`, `pytorch 2.13`.
  public let engine: String
  /// The machine's name, and what it is.
  public let machine: String
  /// The version of Keel.
  public let version: String
  /// The file that it keeps its network in, from the root; nil where it keeps none.
  public let model: String?
  /// When it began, in seconds since 1970.
  public let began: Double
  /// When it was last heard of, in seconds since 1970.
  public internal(set) var seen: Double
  /// When it ended; nil while it runs, and for ever where it was killed.
  public internal(set) var ended: Double?
  /// What it came to, as the command's JSON says it; nil before its end.
  public internal(set) var outcome: String?
  /// What its steps say of the training; nil before its end.
  public internal(set) var verdict: String?
  /// Steps on record.
  public internal(set) var steps: Int
  /// Steps of the whole run; nil where nobody says.
  public internal(set) var total: Int?
  var loss: Double?
  var lossText: String?
  var score: Double?
  var scoreText: String?
  /// The step that it exploded in; nil where it did not.
  public internal(set) var explosionStep: Int?
  /// The first place that was not finite, or that moved most.
  public internal(set) var explosionPlace: String?
  /// The first cause that was found.
  public internal(set) var cause: String?
  /// What cured it: `optimizer.sgd.learning-rate: 0.1`.
  public internal(set) var change: String?
  /// The answer as the command gives it with `--json`.
  public internal(set) var body: String?
  /// As JSON what it has found so far; nil before it has found anything, and once it has ended.
  var progress: String?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case id, parent, kind, name, recipe, folder, rows, seed, problem, command, engine, machine,
      version, model, began, seen
    case ended, outcome, verdict, steps, total, loss
    case lossText = "loss_text"
    case score
    case scoreText = "score_text"
    case explosionStep = "explosion_step"
    case explosionPlace = "explosion_place"
    case cause, change, body, progress
  }

  /// A run that begins now.
  /// - Parameters:
  ///   - rows: a checksum of what it is trained on.
  ///   - problem: as it stood on the command line.
  ///   - command: what was typed.
  ///   - model: the file that it keeps its network in.
  ///   - total: steps of the whole run.
  public init(
    _ kind: Kind, of recipe: Recipe, engine: String = "keel", rows: String? = nil,
    problem: String = "", command: String, version: String, parent: String? = nil,
    model: String? = nil, total: Int? = nil
  ) {
    id = Self.newID()
    self.rows = rows
    (self.kind, name, seed) = (kind, recipe.name, String(recipe.seed))
    folder = URL(fileURLWithPath: recipe.folder).standardizedFileURL.path
    (self.engine, self.command, self.version) = (engine, command, version)
    (self.problem, self.parent, self.total) = (problem, parent, total)
    self.model = model.map { URL(fileURLWithPath: $0).standardizedFileURL.path }
    machine = Self.thisMachine
    began = Date().timeIntervalSince1970
    (seen, steps) = (began, 0)
  }

  /// A run that another tool has logged.
  /// - Parameters:
  ///   - id: sixteen hexadecimal digits.
  ///   - project: what it is part of there.
  ///   - lasting: in seconds since 1970.
  ///   - steps: its newest step, counted from 1.
  ///   - explosion: the step from which on its loss is not finite.
  ///   - body: what it was configured with, as JSON.
  init(
    ofLog id: String, named name: String, in project: String, by engine: String,
    lasting: ClosedRange<Double>, steps: Int, loss: Double?, explosion: Int?, body: String?
  ) {
    (self.id, self.name, self.engine, self.steps, self.body) = (id, name, engine, steps, body)
    (parent, kind, rows, model, folder, seed) = (nil, .train, nil, nil, "/", "0")
    (problem, command, machine, version) = (project, engine, "", "")
    (began, seen, ended) = (lasting.lowerBound, lasting.upperBound, lasting.upperBound)
    outcome = explosion == nil ? "trained" : "exploded"
    (explosionStep, explosionPlace) = (explosion, explosion.map { _ in "loss" })
    if let loss { (self.loss, lossText) = Self.stored(loss) }
  }

  /// A training that `keel.watch` writes down.
  /// - Parameter file: what it writes.
  init(ofLog id: String, named name: String, in file: String, by engine: String, began: Double) {
    self.init(
      ofLog: id, named: name, in: file, by: engine, lasting: began...began, steps: 0, loss: nil,
      explosion: nil, body: nil)
    (ended, outcome) = (nil, nil)
  }

  /// Whether `keel.watch` writes it down, into the file that `problem` names.
  package var isWatched: Bool { isLogged && problem.hasSuffix(".jsonl") }

  /// Whether the same recipe was trained, or the same program watched.
  package func isSame(as other: ArchivedRun) -> Bool {
    recipe == other.recipe && (recipe != nil || problem == other.problem)
  }

  /// Whether another tool has logged it: there is no recipe, and no answer but what it was
  /// configured with.
  public var isLogged: Bool { version.isEmpty }

  /// What another logged run was configured with otherwise.
  /// - Returns: nil where one of them does not say, or is not logged.
  public func changes(from other: ArchivedRun) -> [Change]? {
    func settings(_ run: ArchivedRun) -> [String: Settings]? {
      guard run.isLogged, let body = run.body else { return nil }
      return try? JSONDecoder().decode([String: Settings?].self, from: Data(body.utf8))
        // Trackio's own begin so.
        .compactMapValues { $0 }.filter { !$0.key.hasPrefix("_") }
    }
    guard let before = settings(other), let after = settings(self) else { return nil }
    return Set(before.keys).union(after.keys).sorted().filter { before[$0] != after[$0] }
      .map { Change(path: $0, from: before[$0], to: after[$0]) }
  }

  private static func newID() -> String { digits(UInt64.random(in: .min ... .max)) }

  /// The id that something logged always comes to: what is taken over twice is there once.
  static func id(of place: String, _ name: String) -> String {
    // FNV-1a.
    digits(
      "\(place)/\(name)".utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) {
        ($0 ^ UInt64($1)) &* 0x100_0000_01b3
      })
  }

  private static func digits(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// What this machine is called in its network.
  package static var machineName: String {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    return String(
      decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static var thisMachine: String {
    let process = ProcessInfo.processInfo
    return "\(machineName), \(process.operatingSystemVersionString), "
      + "\(process.activeProcessorCount) processors"
  }

  /// Takes over how it ended.
  /// - Parameter time: in seconds since 1970.
  mutating func end(_ ending: Ending, at time: Double) {
    (ended, seen) = (time, time)
    progress = nil
    (outcome, body) = (ending.outcome, ending.body)
    (cause, change) = (ending.cause, ending.change)
    // One that came to nothing keeps what it has met.
    if ending.training != nil || ending.explosion != nil { note(ending.explosion) }
    guard let training = ending.training else { return }
    (verdict, steps) = (training.verdict.rawValue, training.steps)
    (loss, lossText) = Self.stored(training.loss)
    (score, scoreText) = Self.stored(training.score)
  }

  /// Takes over the explosion that it has met; nil where it met none.
  mutating func note(_ explosion: Explosion?) {
    (explosionStep, explosionPlace) = (explosion?.step, explosion?.place)
  }

  /// Takes over the loss that it has come to.
  mutating func note(loss: Float) { (self.loss, lossText) = Self.stored(Double(loss)) }

  /// Takes over what it has found so far.
  mutating func note(_ progress: RunProgress) {
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    self.progress = (try? encoder.encode(progress)).map { String(decoding: $0, as: UTF8.self) }
    note(progress.explosion)
    cause = progress.findings.first?.cause
  }

  /// How a run ended.
  public struct Ending: Sendable {
    let outcome: String
    let training: Training?
    let explosion: Explosion?
    let cause: String?
    let change: String?
    let body: String?

    /// - Parameters:
    ///   - outcome: as the command's JSON names it.
    ///   - training: that the run came to.
    ///   - explosion: that it met, where that is not the training's.
    ///   - cause: the first that was found.
    ///   - change: what cured it.
    ///   - body: the answer as the command gives it with `--json`; nil where it came to none.
    public init(
      _ outcome: String, training: Training? = nil, explosion: Explosion? = nil,
      cause: String? = nil, change: String? = nil, body: String? = nil
    ) {
      (self.outcome, self.training) = (outcome, training)
      self.explosion = explosion ?? training?.explosion
      (self.cause, self.change, self.body) = (cause, change, body)
    }
  }

  // MARK: numbers

  /// SQLite keeps no NaN: a text stands beside each number that may not be finite.
  static func stored(_ value: Double) -> (Double?, String?) {
    if value.isNaN { return (nil, "NaN") }
    if value.isInfinite { return (value, value > 0 ? "Infinity" : "-Infinity") }
    return (value, nil)
  }

  private static func read(_ number: Double?, _ text: String?) -> Double? {
    text == "NaN" ? .nan : number
  }

  /// The mean data loss at its end; nil where there is none yet.
  public var finalLoss: Double? { Self.read(loss, lossText) }

  /// The metric of the test part, or of the training part; nil where there is none yet.
  public var finalScore: Double? { Self.read(score, scoreText) }

  /// What the machine is, without its name.
  public var system: String {
    machine.split(separator: ",", maxSplits: 1).last.map { String($0.drop { $0 == " " }) } ?? ""
  }

  /// How it stands, in a word: `running`, `killed`, or what it came to.
  public var standing: String {
    guard let outcome else { return isRunning ? "running" : "killed" }
    return outcome == "trained" ? verdict ?? outcome : outcome
  }

  /// Every word that `standing`, `outcome` and `verdict` have.
  public static let outcomes =
    ["running", "killed", "failed"]
    + (Verdict.allCases.map(\.rawValue) + Forecast.Verdict.allCases.map(\.rawValue)
    + Training.Outcome.allCases.map(\.rawValue) + CaseHistory.Outcome.allCases.map(\.rawValue))
    .reduce(into: []) { if !$0.contains($1) { $0.append($1) } }

  /// Whether it has not ended, and was heard of in the last minute.
  public var isRunning: Bool { ended == nil && Date().timeIntervalSince1970 - seen < Self.silence }

  /// Seconds after which who was not heard of has been killed.
  static let silence = 60.0
}

extension ArchivedRun: FetchableRecord, PersistableRecord {
  /// The table that it is a row of.
  public static let databaseTableName = "run"
}
