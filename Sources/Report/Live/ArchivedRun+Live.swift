import KeelArchive
import KeelAuthoring

// A run as live pages have it.

extension ArchivedRun {
  /// Whether it has exploded, and nothing is known that mends it.
  var isLost: Bool { explosionStep != nil && outcome != "cured" }

  /// How an alarm says that it has exploded; nil where it has not, or is cured.
  var alarm: String? {
    guard isLost, let step = explosionStep else { return nil }
    let place = explosionPlace.map { " in \(shown($0, limit: 60))" } ?? ""
    return "✗ \(shown(name, limit: 60)) exploded at step \(Text.count(step))\(place)"
  }

  /// The alarm as HTML that leads to its page.
  var linkedAlarm: String? {
    alarm.map { "<a href=\"\(link)\">\(SVG.escaped($0))</a>" }
  }

  /// Where its page is; an id that another program has written may be anything.
  var link: String { "/run?id=\(digits)" }

  /// Its id, as far as it is one.
  var digits: String { String(id.filter(\.isHexDigit)) }

  /// The first digits of its id, as people read them.
  var shortID: String { String(digits.prefix(8)) }

  /// How it stands, with a mark that needs no colour.
  var marked: String {
    let word = standing
    if isLost, let step = explosionStep {
      let word = isRunning ? "exploded" : word
      return "<span class=\"red\">✗ \(SVG.escaped(word))</span> at step \(Text.count(step))"
    }
    let (style, mark) =
      switch word {
      case "healthy", "trained", "cured", "stable": ("green", "✓")
      case "exploded", "exploding", "incurable", "failed": ("red", "✗")
      case "running": ("bold", "▸")
      default: ("yellow", "!")
      }
    return "<span class=\"\(style)\">\(mark) \(SVG.escaped(word))</span>"
  }

  /// How far it is, as a bar; empty where it has ended, or nobody knows.
  /// - Parameter found: what it has found so far.
  func progressBar(_ found: RunProgress?) -> String {
    let name = SVG.escaped(shown(name, limit: 60))
    guard isRunning else { return "" }
    if let found, found.stage == .diagnosing || found.stage == .searching {
      return found.share.flatMap { $0 < 0.01 ? nil : $0 }.map { share in
        "<progress max=\"100\" value=\"\(Int(100 * share))\" "
          + "aria-label=\"\(name): share of the search\"></progress>"
      } ?? ""
    }
    // One that has failed is no longer at its steps.
    guard let total, total > 0, found != nil || explosionStep == nil else { return "" }
    return "<progress max=\"\(total)\" value=\"\(min(steps, total))\" "
      + "aria-label=\"\(name): steps\"></progress>"
  }
}
