import Foundation
import KeelAuthoring

// A run as whoever explains it wants it: what it came to, and every step on record.

extension ArchivedRun {
  /// What the command answered, as the value that it was.
  /// - Throws: `KeelError` where it has not ended, or is of another kind.
  public func answer<Answer: Decodable>(_ type: Answer.Type = Answer.self) throws -> Answer {
    guard let body else {
      throw KeelError(
        .invalid, at: id, isRunning ? "is still running" : "was killed before it answered",
        fix: "type its command again: \(command)")
    }
    do {
      return try Self.decoder.decode(type, from: Data(body.utf8))
    } catch {
      throw KeelError(
        .invalid, at: id, "has an answer that this keel does not read (\(kind.rawValue))",
        fix: "type its command again: \(command)")
    }
  }
}

extension ArchivedRun {
  /// What it has found so far; nil before it has found anything, and once it has ended.
  public var found: RunProgress? {
    progress.flatMap { try? Self.decoder.decode(RunProgress.self, from: Data($0.utf8)) }
  }

  private static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.userInfo[Catalog.key] = Catalog.ofEngines
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return decoder
  }
}

extension History {
  /// The steps of a run, as its own trace had them; where it went back, those it ended on.
  ///
  /// Of the layers of a long run only its first and its last steps are on record.
  public func trace(of run: ArchivedRun) throws -> Trace {
    func last(_ name: String, _ layer: String = "") throws -> [Int: Float] {
      try lastSteps(name, layer: layer, of: run.id)
    }
    let names = try seriesNames(of: run.id)
    if let first = try last("loss").keys.min(), first > 0 {
      throw KeelError(
        .invalid, at: run.id, "went on from step \(first): what came before is in another run",
        fix: "diagnose its recipe: keel diagnose \(run.problem)")
    }
    let layers = names.filter { $0.name == GradientNorm.name && !$0.layer.isEmpty }.map(\.layer)
    let (losses, norms, clipped, rates) = try (
      last("loss"), last("gradient-norm"), last("clipped-norm"), last("learning-rate")
    )
    let measures = try layers.map { (try last("gradient-norm", $0), try last("update-ratio", $0)) }
    var trace = Trace(names: layers, total: losses.count)
    for step in losses.keys.sorted() {
      var measured: [String: LayerMeasures] = [:]
      for (layer, (gradients, ratios)) in zip(layers, measures) {
        guard let gradient = gradients[step], let ratio = ratios[step] else { continue }
        measured[layer] = LayerMeasures(
          gradientNorm: Double(gradient), updateNorm: Double(ratio), weightNorm: 1)
      }
      trace.record(
        loss: losses[step] ?? .nan, gradientNorm: norms[step] ?? .nan,
        clippedNorm: clipped[step] ?? .nan, learningRate: rates[step] ?? .nan, layers: measured)
    }
    return trace
  }
}
