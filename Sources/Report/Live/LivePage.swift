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
  /// Whether time alone changes it: something that it shows has not ended.
  var isOpen: Bool { get }
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
