import Foundation
import KeelAuthoring

/// A training as a person sees it go on: how far it is, loss and gradient norm so far, the layers,
/// and what happened last.
package struct TrainingView: Sendable {
  private var losses = Maxima()
  private var norms = Maxima()
  private var step: Run.Step?
  private var began = ContinuousClock.now
  private var firstStep = 0
  private var event: String?

  package init() {}

  /// The largest of so many values each, which double when there are too many.
  private struct Maxima: Sendable {
    private(set) var values: [Float] = []
    private var stride = 1
    private var open: (largest: Float, count: Int) = (-.infinity, 0)
    private static let most = 256

    mutating func add(_ value: Float) {
      // What is not finite stays so.
      open.largest = value > open.largest || !value.isFinite ? value : open.largest
      open.count += 1
      guard open.count >= stride else { return }
      values.append(open.largest)
      open = (-.infinity, 0)
      guard values.count == Self.most else { return }
      values = Swift.stride(from: 0, to: Self.most, by: 2).map { place in
        let (one, other) = (values[place], values[place + 1])
        return !one.isFinite ? one : !other.isFinite ? other : max(one, other)
      }
      stride *= 2
    }
  }

  /// Takes a step.
  package mutating func add(_ step: Run.Step) {
    if let last = self.step {
      if step.index <= last.index { event = "back to step \(Text.count(step.index))" }
      if step.index == 0 { self = TrainingView() }
    } else {
      (firstStep, began) = (step.index, .now)
    }
    if !step.loss.isFinite || !step.gradientNorm.isFinite {
      let what = step.loss.isFinite ? "gradient" : "loss"
      event = "step \(Text.count(step.index)): the \(what) is not finite"
    }
    self.step = step
    losses.add(Float(step.loss))
    norms.add(Float(step.gradientNorm))
  }

  private var speed: Double {
    guard let step else { return 0 }
    let elapsed = (ContinuousClock.now - began) / .seconds(1)
    return elapsed > 0 ? Double(step.index + 1 - firstStep) / elapsed : 0
  }

  /// One line, for a file.
  package func line(_ label: String) -> String {
    guard let step else { return label }
    return "\(label) \(Text.count(step.index + 1))/\(Text.count(step.total)), loss "
      + "\(Text.number(step.loss)), gradient \(Text.number(step.gradientNorm)), "
      + "\(Text.count(Int(speed))) steps a second"
  }

  /// The lines for a window, none wider than it.
  /// - Parameters:
  ///   - width: columns.
  ///   - height: of the window: a low one gets the first line only.
  package func lines(
    _ label: String, width: Int, isUnicode: Bool, height: Int = 24
  ) -> [String] {
    guard let step else { return [label] }
    let left = speed > 0 ? Double(step.total - step.index - 1) / speed : 0
    let detail = "\(Text.count(Int(speed))) steps/s, \(Text.seconds(left)) left"
    let bar = Self.bar(
      label, step.index + 1, of: step.total, detail, width: width, isUnicode: isUnicode)
    guard height >= 10, width >= 40 else { return [bar] }
    let space = max(8, min(96, width - 24))
    func curve(_ name: String, _ values: [Float], _ now: Double) -> String {
      let spark = Text.sparkline(values.isEmpty ? [Float(now)] : values, width: space)
      return Text.padded(name, 10) + plain(spark, isUnicode) + "  " + Text.number(now)
    }
    var lines = [
      bar, curve("loss", losses.values, step.loss),
      curve("gradient", norms.values, step.gradientNorm),
    ]
    if let strip = strip(step, width, isUnicode) { lines.append(strip) }
    if let event { lines.append(Style.yellow("!") + "         " + event) }
    return lines.map { Self.cut($0, width) }
  }

  /// The layers from the input on: a block each, or for several, by the size of its gradient.
  private func strip(_ step: Run.Step, _ columns: Int, _ isUnicode: Bool) -> String? {
    let names = step.layers.names
    guard names.count > 1, let first = names.first, let last = names.last else { return nil }
    let norms = names.map { step.layers[$0]?.gradientNorm ?? .nan }
    let finite = norms.filter { $0.isFinite && $0 > 0 }
    guard let low = finite.min(), let high = finite.max() else { return nil }
    let ends = "\(shown(first, limit: 20)) \(isUnicode ? "…" : "to") \(shown(last, limit: 20))"
    let range = "gradient \(Text.number(low)) to \(Text.number(high))"
    let width = max(8, min(48, names.count, columns - 14 - ends.count - range.count))
    let blocks = Array(plain("▁▂▃▄▅▆▇█", isUnicode))
    let span = max(log10(high / low), 1)
    let strip = (0..<min(width, names.count)).map { cell -> String in
      let part = cell * norms.count / width..<max(cell + 1, (cell + 1) * norms.count / width)
      guard let value = norms[part].max(), norms[part].allSatisfy(\.isFinite) else {
        return Style.red(isUnicode ? "×" : "x")
      }
      // None at all.
      guard value > 0 else { return Style.dim(isUnicode ? "·" : " ") }
      let block = String(blocks[min(7, Int(log10(value / low) / span * 8))])
      // Far from the others: a thousand times the least.
      return log10(value / low) > 3 ? Style.yellow(block) : block
    }.joined()
    let line = Text.padded("layers", 10) + strip
    let tail = "  \(ends), \(range)"
    return 10 + min(width, names.count) + tail.count <= columns ? line + tail : line
  }

  /// A bar with what is done, of how much.
  package static func bar(
    _ label: String, _ done: Int, of total: Int, _ detail: String, width: Int, isUnicode: Bool
  ) -> String {
    let count = "\(Text.count(done))/\(Text.count(total))"
    // Part of a number is a wrong one: what finds no room is left out.
    var (label, detail) = (label, detail)
    if label.count + count.count + detail.count + 2 > width { detail = "" }
    if label.count + count.count + 1 > width { label = "" }
    let room = width - label.count - count.count - detail.count - 6
    let length = max(0, min(60, room))
    let filled = total == 0 ? 0 : min(length, done * length / total)
    let bar =
      String(repeating: isUnicode ? "━" : "#", count: filled)
      + String(repeating: isUnicode ? "─" : "-", count: length - filled)
    return cut(
      [label, bar, count, detail].filter { !$0.isEmpty }.joined(separator: " "), width)
  }

  /// Blocks as what ASCII has for them.
  private func plain(_ text: String, _ isUnicode: Bool) -> String {
    guard !isUnicode else { return text }
    let letters: [Character: Character] = [
      "▁": "_", "▂": ".", "▃": ":", "▄": "-", "▅": "=", "▆": "+", "▇": "*", "█": "#", "×": "x",
    ]
    return String(text.map { letters[$0] ?? $0 })
  }

  /// A line that fits; marks of colour take no column, and are closed.
  private static func cut(_ line: String, _ width: Int) -> String {
    guard line.count(where: \.isShown) > width else { return line }
    var (result, length) = ("", 0)
    for character in line {
      if character.isShown { length += 1 }
      guard length <= width else { break }
      result.append(character)
    }
    return result + String(Style.closing)
  }
}
