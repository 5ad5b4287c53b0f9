import Foundation
import KeelEngine
import KeelData

/// Reads JSON lines, an object a line, and Hugging Face's `trainer_state.json`, whose `log_history`
/// is a list of such objects; bare `NaN`, which Python writes, too.
struct JSONLogReader {
  private var log: TrainingLog
  private var row = 0
  /// The first step whose loss the trainer's filter has hidden.
  private var filtered: Int?

  /// Bytes of a trainer's state at the most: it is read as a whole.
  private static let largest = 1 << 28

  static func readLines(_ path: String) throws -> TrainingLog {
    var reader = JSONLogReader(log: TrainingLog(.jsonLines, path))
    var lines = try LineReader(path)
    var (bad, isLastBad) = (0, false)
    while let line = try lines.next() {
      guard line.contains(where: { $0 != UInt8(ascii: " ") }) else { continue }
      if let value = JSONValue(line), case .object(let entries) = value {
        reader.take(entries)
        isLastBad = false
      } else {
        (bad, isLastBad) = (bad + 1, true)
      }
    }
    if bad > 0 {
      reader.log.remarks.append(
        bad == 1 && isLastBad && lines.isCut
          ? "its last line is cut short: the log is still being written, or was copied too early"
          : "\(bad) \(bad == 1 ? "line is" : "lines are") no JSON object, and left out")
    }
    return reader.log
  }

  static func readState(_ path: String) throws -> TrainingLog {
    let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
    guard size <= largest else {
      throw KeelError(
        .invalid, at: path, "is larger than any trainer's state (256 MB)",
        fix: "name the trainer_state.json of one checkpoint")
    }
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    guard let state = JSONValue(data), let history = state["log_history"]?.array else {
      throw KeelError(
        .invalid, at: path, "is no trainer's state: it has no list 'log_history'",
        fix: "name the trainer_state.json of a checkpoint, or a file of JSON lines")
    }
    var reader = JSONLogReader(log: TrainingLog(.huggingFace, path))
    for case .object(let entries) in history { reader.take(entries) }
    reader.noteFilter()
    return reader.log
  }

  private mutating func take(_ entries: [String: JSONValue]) {
    // What a file of `keel.watch` begins with says who trains.
    guard entries["engine"] == nil else { return }
    let numbers = entries.compactMapValues { value in
      value.number ?? value.string.flatMap { Double($0) }
    }
    let counts = numbers.filter { TrainingLog.steps.contains(TrainingLog.plain($0.key)) }
    let step = TrainingLog.steps.lazy.compactMap { name in
      counts.first { TrainingLog.plain($0.key) == name }
    }.first
    log.isPerEpoch = log.isPerEpoch || step.map { TrainingLog.plain($0.key) == "epoch" } ?? false
    let place = step.flatMap { $0.value.isFinite && abs($0.value) < 0x1p53 ? Int($0.value) : nil }
    // What the trainer's filter left out of the mean that it logs is 0 where nothing is left:
    // beside a gradient that is not finite it was a NaN.
    let norm = MetricName.gradientNorm.match(in: numbers.keys).flatMap { numbers[$0] }
    let isHidden = log.format == .huggingFace && norm.map { !$0.isFinite } ?? false
    for (name, value) in numbers where counts[name] == nil {
      let isFiltered = isHidden && value == 0 && MetricName.loss.match(in: [name]) != nil
      if isFiltered { filtered = filtered ?? place ?? row }
      log.add(isFiltered ? .nan : value, name, at: place ?? row)
    }
    if case .object(let layers)? = entries["layers"] {
      for (name, layer) in layers {
        guard let gradient = layer["gradient"]?.number else { continue }
        log.add(gradient, "grad/\(name)", at: place ?? row)
      }
    }
    row += 1
  }

  /// Says what the trainer's filter has hidden.
  private mutating func noteFilter() {
    guard let filtered else { return }
    log.remarks.append(
      "a loss of 0 from step \(filtered) on is a NaN that logging_nan_inf_filter has left out")
  }
}
