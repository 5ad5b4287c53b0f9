import Foundation
import KeelEngine

/// A training as far as it was written down: series by name, and what the file says of itself.
public struct TrainingLog: Sendable {
  /// What wrote it, as far as its form tells.
  public enum Format: String, Hashable, Sendable, CaseIterable {
    case tensorBoard = "TensorBoard"
    case lightning = "Lightning"
    case keras = "Keras"
    case huggingFace = "Hugging Face"
    case mlflow = "MLflow"
    case jsonLines = "JSON lines"
    case csv = "CSV"
    /// A run of Keel's own archive.
    case archive = "Keel"
  }

  /// What wrote it.
  public let format: Format
  /// Where it lies.
  public let path: String
  /// What was logged, by name.
  public internal(set) var series: [String: LogSeries] = [:]
  /// What the numbers stand for in place of steps: an epoch's mean.
  public internal(set) var isPerEpoch = false
  /// What is wrong with the file, or hidden by what wrote it; sentences for people.
  public internal(set) var remarks: [String] = []

  /// Names that are kept at the most, and values of each: of many names fewer.
  static let (most, many) = (4096, 64)

  package init(_ format: Format, _ path: String) { (self.format, self.path) = (format, path) }

  /// Names that count steps, and, last, epochs; the first that is there is taken.
  static let steps = [
    "step", "global-step", "iteration", "iter", "iterations", "steps", "batch", "update", "tick",
    "epoch",
  ]

  /// A name as `steps` writes it: `_step` and `global_step` are `step` and `global-step`.
  static func plain(_ name: String) -> String {
    name.lowercased().split { "_ -".contains($0) }.joined(separator: "-")
  }

  /// Adds what was logged next under a name; a step beyond 2⁵³ is one.
  package mutating func add(_ value: Double, _ name: String, at step: Int) {
    let step = min(max(step, -1 << 53), 1 << 53)
    if series[name]?.add(value, at: step) == nil {
      // What a diagnosis needs is kept among however many names.
      let isNeeded = MetricName.allCases.contains { $0.match(in: [name]) != nil }
      guard series.count < Self.most || isNeeded else { return }
      var new = LogSeries(capacity: series.count < Self.many ? 1 << 16 : 1 << 10)
      new.add(value, at: step)
      series[name] = new
    }
  }

  // MARK: what is what

  /// The series that means this; nil where none does.
  public func series(of metric: MetricName) -> (name: String, series: LogSeries)? {
    metric.match(in: series.keys.sorted()).flatMap { name in series[name].map { (name, $0) } }
  }

  /// Gradient norms of layers, in the order of their names' numbers: `grad_2.0_norm/fc1.weight`,
  /// `grad_norm/layer3`.
  public var layers: [(name: String, series: LogSeries)] {
    let whole = series(of: .gradientNorm)?.name
    return series.compactMap { name, series -> (name: String, series: LogSeries)? in
      guard name != whole, let layer = Self.layer(of: name) else { return nil }
      return (layer, series)
    }.sorted { Self.isBefore($0.name, $1.name) }
  }

  /// The layer whose gradient norm a name stands for.
  private static func layer(of name: String) -> String? {
    let lower = name.lowercased()
    guard let slash = name.firstIndex(where: { "/:".contains($0) }) else { return nil }
    let head = lower[..<slash]
    guard head.contains("grad"), !lower.hasSuffix("total"), !head.contains("clip") else {
      return nil
    }
    return String(name[name.index(after: slash)...])
  }

  /// `layer2` before `layer10`.
  private static func isBefore(_ a: String, _ b: String) -> Bool {
    a.compare(b, options: .numeric) == .orderedAscending
  }

  /// The error of a log without a loss, which names what there is.
  /// - Throws: `KeelError`.
  public func requireLoss() throws -> (name: String, series: LogSeries) {
    if let loss = series(of: .loss) { return loss }
    let names = series.keys.sorted().prefix(8).joined(separator: ", ")
    throw KeelError(
      .invalid, at: path,
      names.isEmpty ? "holds no numbers of a training" : "has no loss; it has: \(names)",
      fix: "log the loss of each step under the name 'loss' or 'train/loss'")
  }
}
