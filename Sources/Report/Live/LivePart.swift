import KeelAuthoring

/// A part of a live page.
package struct LivePart: Sendable, Equatable, Encodable {
  package let id: String
  /// HTML; of the title plain text.
  package let text: String

  init(_ id: String, _ text: String) { (self.id, self.text) = (id, text) }

  /// What is told above a page while there is nothing new to show.
  package static func notice(_ text: String) -> LivePart {
    LivePart("notice", "<p>\(SVG.escaped(shown(text, limit: 400)))</p>\n")
  }
}
