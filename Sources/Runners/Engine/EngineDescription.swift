import KeelData
import KeelEngine
import KeelTraining

/// What an engine tells of the training it can make: the answer to `describe`.
package struct EngineDescription: Hashable, Sendable {
  /// What it calls itself: `pytorch 2.13`.
  package let engine: String
  package let parameters: Int?
  /// Rows a step.
  package let batch: Int
  /// Steps of the whole training.
  package let steps: Int
  /// Steps until the rows come again; nil where it does not tell.
  package let stepsPerEpoch: Int?
  package let layers: [Layer]
  /// By name: `learning-rate`, `optimizer`, `momentum`.
  package let settings: [String: JSONValue]
  package let inputs, targets: Block?
  /// What it can change: `set learning-rate`; nil where it does not tell, and may refuse.
  package let changes: Set<String>?
  /// The loss of the best output that is the same for every row; nil where it is not known.
  package let constantLoss: Double?

  /// What its operations meet as it begins.
  package let operations: Operations

  /// The state that its trainings begin with; nil where that is the first.
  package let origin: Origin?

  /// A state that is kept of a training that somebody has made before.
  package struct Origin: Hashable, Sendable {
    package let name: String
    /// The last step that it has taken, counted from 0.
    package let step: Int
  }

  /// A module, or a parameter of one.
  package struct Layer: Hashable, Sendable {
    package let name, kind: String
    /// How many values it has; 0 where it does not tell.
    package let count: Int
    /// The root mean square of its weights as they begin, and after a reset of their
    /// initialization; nil where it does not tell.
    package let rms, resetRMS: Double?
  }

  /// How large inputs, or targets, are.
  package struct Block: Hashable, Sendable {
    package let rms: Double
    /// The row furthest outside the rest, and how far, in usual distances; nil where none is far.
    package let worstRow: Int?
    package let worstDistance: Double?
    /// The number in it that is that far; nil where it does not tell.
    package let worstColumn: Int?
    package let worstValue: Double?
  }

  /// - Throws: `KeelError` where something is missing, or of another kind; `invalid` makes it.
  init(_ answer: JSONValue, _ invalid: (String) -> KeelError) throws {
    func count(_ key: String, _ fallback: Int? = nil) throws -> Int? {
      guard let value = answer[key] else { return fallback }
      guard let number = value.number, let count = Int(exactly: number), count > 0 else {
        throw invalid("'\(key)' is no positive whole number")
      }
      return count
    }
    func number(_ key: String, in value: JSONValue) throws -> Double? {
      guard let member = value[key] else { return nil }
      guard let number = member.number else { throw invalid("'\(key)' is no number") }
      return number
    }
    guard let steps = try count("steps") else { throw invalid("'steps' is missing") }
    self.steps = steps
    engine = answer["engine"]?.string ?? "an engine"
    parameters = try count("parameters")
    batch = try count("batch", 1) ?? 1
    stepsPerEpoch = try count("stepsPerEpoch")
    layers = try (answer["layers"]?.array ?? []).map { layer in
      guard let name = layer["name"]?.string else { throw invalid("a layer has no 'name'") }
      return Layer(
        name: name, kind: layer["kind"]?.string ?? "",
        count: Int(exactly: (layer["shape"]?.array ?? []).reduce(1) { $0 * ($1.number ?? 0) }) ?? 0,
        rms: try number("rms", in: layer),
        resetRMS: try number("resetRms", in: layer))
    }
    if case .object(let settings) = answer["settings"] {
      self.settings = settings
    } else {
      settings = [:]
    }
    func block(_ key: String) throws -> Block? {
      guard let block = answer["data"]?[key], let rms = try number("rms", in: block) else {
        return nil
      }
      let row = try number("worstRow", in: block).flatMap { Int(exactly: $0) }
      return Block(
        rms: rms, worstRow: row, worstDistance: try number("worstDistance", in: block),
        worstColumn: try number("worstColumn", in: block).flatMap { Int(exactly: $0) },
        worstValue: try number("worstValue", in: block))
    }
    (inputs, targets) = (try block("inputs"), try block("targets"))
    changes = answer["changes"]?.array.map { Set($0.compactMap(\.string)) }
    // One that is not finite is none.
    constantLoss = try number("constantLoss", in: answer).flatMap { $0.isFinite ? $0 : nil }
    operations = try Operations(answer["operations"], invalid)
    // The newest is the nearest to what went wrong.
    origin = try (answer["snapshots"]?.array ?? []).map { snapshot in
      guard let name = snapshot["name"]?.string,
        let step = snapshot["step"]?.number.flatMap({ Int(exactly: $0) }), step >= 0,
        step < steps - 1
      else {
        throw invalid("a snapshot has no 'name', or no 'step' before the last of all")
      }
      return Origin(name: name, step: step)
    }.max { $0.step < $1.step }
  }

  /// Steps of the training that are still to come.
  var stepsLeft: Int { steps - (origin.map { $0.step + 1 } ?? 0) }

  /// Weights that tell how they begin; none where that was long ago.
  var initialWeights: [InitialWeight] {
    origin != nil
      ? []
      : layers.compactMap { layer in
        guard let rms = layer.rms, let reset = layer.resetRMS, reset > 0 else { return nil }
        return InitialWeight(
          layer: layer.name, isBias: layer.name.hasSuffix("bias"), count: layer.count, rms: rms,
          reference: reset)
      }
  }

  /// Whether it can make a change, as far as it tells: `set learning-rate`.
  ///
  /// Of a state that is kept weights do not begin anew, nor do they get other numbers than they
  /// know.
  func allows(_ change: String) -> Bool {
    if origin != nil, ["reset initialization", "standardize"].contains(change) { return false }
    return changes.map { $0.contains(change) } ?? true
  }
}

extension Operations {
  /// What an engine tells of them: `{"exponent": {"largest": 12.5, "module": "head"}}`.
  /// - Throws: `KeelError` where it is of another form; `invalid` makes it.
  init(_ answer: JSONValue?, _ invalid: (String) -> any Error) throws {
    func peak(_ key: String) throws -> Peak? {
      guard let member = answer?[key], member != .null else { return nil }
      guard let value = member["largest"]?.number else {
        throw invalid("operations: '\(key).largest' is missing, or no number")
      }
      return Peak(value: value, place: member["module"]?.string ?? "model")
    }
    self.init(exponent: try peak("exponent"), attentionLogits: try peak("attention-logits"))
  }
}
