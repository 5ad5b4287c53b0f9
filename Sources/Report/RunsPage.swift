import Foundation
import KeelAuthoring
import KeelArchive

/// The runs of an archive, a line each, the newest first.
package struct RunsPage: Page {
  private let runs: [ArchivedRun]
  private let more: Int
  private let now: Date
  private let line: String

  /// - Parameters:
  ///   - more: how many there are beyond those.
  ///   - line: the archive as it stood on the command line; empty where nothing did.
  package init(_ runs: [ArchivedRun], more: Int = 0, line: String = "", now: Date = Date()) {
    (self.runs, self.more, self.line, self.now) = (runs, more, line, now)
  }

  /// The same for machines.
  package struct Body: Encodable {
    let runs: [RunBody]
    let more: Int
  }

  package var body: Body { Body(runs: runs.map { RunBody($0) }, more: more) }

  package var text: String {
    guard !runs.isEmpty else { return "no runs\n" }
    let out = Style.self
    let header =
      Text.padded("run", 10) + Text.padded("when", 12) + Text.padded("what", 10)
      + Text.padded("outcome", 13) + Text.right("steps", 9) + Text.right("loss", 11) + "  recipe"
    var lines = [out.dim(header)]
    for run in runs {
      lines.append(
        Text.padded(String(run.id.prefix(8)), 10) + Text.padded(Self.age(run.began, now), 12)
          + Text.padded(run.kind.rawValue, 10) + marked(run)
          + Text.right(run.steps > 0 ? Text.count(run.steps) : "–", 9)
          + Text.right(run.finalLoss.map { Text.number($0) } ?? "–", 11) + "  "
          + shown(run.name, limit: 100))
      if let note = note(run) { lines.append(Text.padded("", 10) + out.dim(note)) }
    }
    if more > 0 {
      lines.append(out.dim("… and \(Text.count(more)) more: --limit \(runs.count + more)"))
    }
    let archive = line.isEmpty ? "" : " \(line)"
    lines += ["", out.dim("next"), "  keel report RUN\(archive) -o report.html  # see one"]
    if runs.count > 1 { lines.append("  keel runs compare RUN RUN\(archive)  # what differs") }
    return lines.joined(separator: "\n") + "\n"
  }

  private func marked(_ run: ArchivedRun) -> String {
    let word = run.standing
    let padding = String(repeating: " ", count: max(1, 13 - word.count))
    switch word {
    case "healthy", "trained", "cured", "stable": return Style.green(word) + padding
    case "exploded", "exploding", "incurable": return Style.red(word) + padding
    default: return Style.yellow(word) + padding
    }
  }

  /// What it came to, in a line of its own.
  private func note(_ run: ArchivedRun) -> String? {
    if let change = run.change {
      return "\(run.cause.map { "\($0) → " } ?? "")\(shown(change, limit: 60))"
    }
    if let step = run.explosionStep {
      let place = run.explosionPlace.map { " in \(shown($0, limit: 60))" } ?? ""
      return "at step \(Text.count(step))\(place)" + (run.cause.map { ": \($0)" } ?? "")
    }
    return run.cause
  }

  static func age(_ time: Double, _ now: Date) -> String {
    // A row that another program has written may say anything.
    let seconds = min(max(0, now.timeIntervalSince1970 - time), 1e11)
    switch seconds {
    case ..<90: return "\(Int(seconds)) s ago"
    case ..<5400: return "\(Int(seconds / 60)) min ago"
    case ..<172_800: return "\(Int(seconds / 3600)) h ago"
    default: return "\(Int(seconds / 86_400)) days ago"
    }
  }
}
