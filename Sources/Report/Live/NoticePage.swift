import KeelAuthoring

/// A page that says one thing, where there is nothing else to show.
package struct NoticePage: LivePage {
  private let text: String

  package init(_ text: String) { self.text = text }

  package var title: String { "Keel" }
  package var alarms: [String] { [] }
  package var isOpen: Bool { false }
  package var sections: [LivePart] {
    [LivePart("heading", "<h1>\(SVG.escaped(shown(text, limit: 400)))</h1>\n")]
  }
}
