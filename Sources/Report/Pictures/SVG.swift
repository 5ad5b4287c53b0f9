/// A drawing as SVG text: 720 units wide, as high as what it holds.
///
/// It has classes and no colours of its own; `Palette.style` says what they look like. It has no
/// ids either, so that any number of drawings may stand in one page.
package struct SVG: Sendable {
  package static let width = 720.0

  package enum Anchor: String, Sendable { case start, middle, end }

  private let title: String
  private let description: String
  private let height: Double
  private var body = ""

  package init(title: String, description: String, height: Double) {
    (self.title, self.description, self.height) = (title, description, height)
    text(Self.fitted(title, to: Self.width - 24, size: 16), x: 12, y: 23, "h")
  }

  // MARK: what can be drawn

  package mutating func text(
    _ text: String, x: Double, y: Double, _ style: String = "", _ anchor: Anchor = .start,
    turned: Double? = nil
  ) {
    body += "<text"
    if let turned {
      body += " transform=\"translate(\(Self.pair(x, y)))rotate(\(Self.number(turned)))\""
    } else {
      body += " x=\"\(Self.number(x))\" y=\"\(Self.number(y))\""
    }
    let classes = [style, anchor == .start ? "" : anchor.rawValue].filter { !$0.isEmpty }
    if !classes.isEmpty { body += " class=\"\(classes.joined(separator: " "))\"" }
    body += ">\(Self.escaped(text))</text>\n"
  }

  package mutating func rect(
    x: Double, y: Double, width: Double, height: Double, _ style: String
  ) {
    body +=
      "<rect x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" width=\"\(Self.number(width))\" "
      + "height=\"\(Self.number(height))\" class=\"\(style)\"/>\n"
  }

  package mutating func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String
  ) {
    path("M\(Self.pair(x1, y1))L\(Self.pair(x2, y2))", style)
  }

  /// A path; nothing where it is empty.
  package mutating func path(_ data: String, _ style: String) {
    guard !data.isEmpty else { return }
    body += "<path d=\"\(data)\" class=\"\(style)\"/>\n"
  }

  /// Marks of one shape at many places.
  package mutating func marks(_ shape: Mark, at places: [(x: Double, y: Double)], _ style: String) {
    path(
      places.map { "M\(Self.pair($0.x, $0.y))\(shape.outline)" }.joined(),
      "\(shape.isStroke ? "k" : "m") \(style)")
  }

  package mutating func mark(_ shape: Mark, x: Double, y: Double, _ style: String) {
    marks(shape, at: [(x, y)], style)
  }

  /// An area with straight edges.
  package mutating func polygon(_ points: [String], _ style: String) {
    guard points.count > 2 else { return }
    path("M\(points.joined(separator: "L"))z", style)
  }

  /// What went wrong first, in words below the title, and a line from there to where.
  package mutating func offender(_ offender: FirstOffender, x: Double, to bottom: Double) {
    text(Self.fitted(offender.sentence, to: Self.width - 24), x: 12, y: 46, "b bad")
    path("M12 53H\(Self.number(x))V\(Self.number(bottom))", "rule alarm")
  }

  /// What is drawn in coordinates, or a style, of its own.
  /// - Parameter dash: how long the dashes of its lines are, in those coordinates.
  package mutating func group(
    _ style: String, transform: String, dash: Double? = nil, _ draw: (inout SVG) -> Void
  ) {
    body += "<g class=\"\(style)\" transform=\"\(transform)\""
    if let dash { body += " stroke-dasharray=\"\(Numerals.fixed(dash, decimals: 4))\"" }
    body += ">\n"
    draw(&self)
    body += "</g>\n"
  }

  // MARK: the text

  package var inline: String { element("class=\"keel\"", style: "") }

  package var standalone: String {
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      + element("class=\"keel\"", style: "<style>\(Palette.style)</style>\n")
  }

  private func element(_ attributes: String, style: String) -> String {
    let size = "\(Self.number(Self.width)) \(Self.number(height))"
    return """
      <svg xmlns="http://www.w3.org/2000/svg" \(attributes) role="img" viewBox="0 0 \(size)" \
      width="\(Self.number(Self.width))" height="\(Self.number(height))">
      <title>\(Self.escaped(Self.cut(title, to: 300)))</title>
      <desc>\(Self.escaped(Self.cut(description, to: 2000)))</desc>
      \(style)<rect width="\(Self.number(Self.width))" height="\(Self.number(height))" class="bg"/>
      \(body)</svg>

      """
  }

  /// A coordinate to a tenth of a unit: `12`, `0.5`, never `-0`, never with an exponent.
  package static func number(_ value: Double) -> String { Numerals.fixed(value, decimals: 1) }

  static func pair(_ x: Double, _ y: Double) -> String { "\(number(x)) \(number(y))" }
}
