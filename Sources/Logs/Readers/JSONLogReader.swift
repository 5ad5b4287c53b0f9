import Foundation
import KeelEngine
import KeelRunners

/// Reads JSON lines, an object a line, and Hugging Face's `trainer_state.json`, whose `log_history`
/// is a list of such objects; bare `NaN`, which Python writes, too.
struct JSONLogReader {
  private var log: TrainingLog
  private var row = 0

  /// Bytes of a trainer's state at the most: it is read as a whole.
  private static let largest = 1 << 28
  private static let steps = ["step", "global_step", "iteration", "iter", "_step", "epoch"]

  static func readLines(_ path: String) throws -> TrainingLog {
    var reader = JSONLogReader(log: TrainingLog(.jsonLines, path))
    var lines = try LineReader(path)
    var bad = 0
    while let line = try lines.next() {
      guard line.contains(where: { $0 != UInt8(ascii: " ") }) else { continue }
      if let value = JSONValue(line), case .object(let entries) = value {
        reader.take(entries)
      } else {
        bad += 1
      }
    }
    if bad > 0 {
      let isLast = bad == 1 && lines.isCut
      reader.log.remarks.append(
        isLast
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
    let step = Self.steps.lazy.compactMap { entries[$0]?.number }.first
    let place = step.flatMap { $0.isFinite && abs($0) < 0x1p53 ? Int($0) : nil } ?? row
    for (name, value) in entries where !Self.steps.contains(name) {
      guard let number = value.number else { continue }
      log.add(number, name, at: place)
    }
    row += 1
  }

  /// A loss of exactly 0 beside a gradient that is not finite was not 0: the trainer's filter
  /// leaves NaN out of the mean it logs, which is 0 where nothing is left.
  private mutating func noteFilter() {
    guard let loss = log.series(of: .loss)?.series,
      let norm = log.series(of: .gradientNorm)?.series
    else { return }
    let hidden = norm.points.first { !$0.value.isFinite && loss.value(at: $0.step) == 0 }
    guard let hidden else { return }
    log.remarks.append(
      "a loss of 0 from step \(hidden.step) on is a NaN that logging_nan_inf_filter has left out")
  }
}
