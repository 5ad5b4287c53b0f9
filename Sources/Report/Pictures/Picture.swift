/// A picture of a training: a drawing, what it shows in words, and its numbers as a table.
///
/// The same values give the same text. Where there is nothing to show, an initializer returns nil.
package protocol Picture: Sendable {
  /// What is drawn, in a line that stands in the picture.
  var title: String { get }

  /// What there is to see, for those who do not see it.
  var description: String { get }

  var drawing: SVG { get }

  var table: PictureTable { get }
}

extension Picture {
  /// The picture as a part of a page that has `Palette.style`.
  package var svg: String { drawing.inline }

  /// The picture as a file of its own.
  package var standalone: String { drawing.standalone }

  /// The picture and its table, as HTML for a page that has `Palette.style`.
  package var figure: String {
    let label = SVG.escaped(SVG.cut(title, to: 120))
    return """
      <figure class="keel-figure">
      <div class="keel-scroll" tabindex="0" role="group" aria-label="\(label)">
      \(svg)</div>
      \(table.html)</figure>

      """
  }
}
