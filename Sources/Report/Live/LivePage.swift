import KeelArchive
import KeelAuthoring

/// A page that goes on while somebody looks at it: a frame, and parts that take the place of what
/// stood there.
package protocol LivePage: Sendable {
  /// What the window is called.
  var title: String { get }
  /// What nobody must overlook: a line of HTML each.
  var alarms: [String] { get }
  /// What stands below that, from the top, each under an id of its own.
  var sections: [LivePart] { get }
}

/// A part of a page.
package struct LivePart: Sendable, Equatable, Encodable {
  package let id: String
  /// HTML; of the title plain text.
  package let text: String

  init(_ id: String, _ text: String) { (self.id, self.text) = (id, text) }
}

extension LivePage {
  /// Everything that changes, the title first.
  package var parts: [LivePart] {
    [
      LivePart("title", title),
      LivePart("alarm", alarms.map { "<p>\($0)</p>\n" }.joined()),
      LivePart("notice", ""),
    ] + sections
  }

  /// What takes the place of a notice while there is nothing to show.
  package static func notice(_ text: String) -> LivePart {
    LivePart("notice", "<p>\(SVG.escaped(shown(text, limit: 400)))</p>\n")
  }

  /// The whole page.
  /// - Parameter events: where what changes is told; nil where nothing does.
  package func html(events: String?) -> String {
    let follows = events.map { " data-events=\"\(SVG.escaped($0))\"" } ?? ""
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>\(SVG.escaped(title))</title>
      <link rel="icon" href="/icon.svg">
      <link rel="stylesheet" href="/style.css">
      <script src="/live.js" defer></script>
      </head>
      <body\(follows)>
      <a class="skip" href="#content">To the content</a>
      <nav><a href="/">Runs</a><span id="link" role="status"></span></nav>
      <div id="alarm" role="alert">\(parts[1].text)</div>
      <div id="notice" role="status"></div>
      <main id="content">
      \(sections.map { "<div id=\"\($0.id)\">\($0.text)</div>\n" }.joined())</main>
      </body>
      </html>

      """
  }
}

extension ArchivedRun {
  /// How an alarm says that it has exploded; nil where it has not, or is cured.
  var alarm: String? {
    guard let step = explosionStep, outcome != "cured" else { return nil }
    let place = explosionPlace.map { " in \(shown($0, limit: 60))" } ?? ""
    return "✗ \(shown(name, limit: 60)) exploded at step \(Text.count(step))\(place)"
  }

  /// Where its page is.
  var link: String { "/run?id=\(id)" }
}
