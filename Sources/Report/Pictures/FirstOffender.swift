/// Where a training first went wrong, as a picture says it.
package struct FirstOffender: Equatable, Sendable {
  /// `NaN`, `∞`, `overflow`, `divergence`.
  package let what: String
  package let layer: String?
  package let step: Int
  /// The kind of cause, where one is known: `large-learning-rate`.
  package let cause: String?

  package init(_ what: String, layer: String?, step: Int, cause: String? = nil) {
    (self.what, self.layer, self.step, self.cause) = (what, layer, step, cause)
  }

  /// A sentence: `NaN first in dense-7, step 431 (cause: large-learning-rate)`.
  package var sentence: String {
    let place = layer.map { " first in \(SVG.cut($0, to: 44))" } ?? ""
    let why = cause.map { " (cause: \(SVG.cut($0, to: 32)))" } ?? ""
    return "\(SVG.cut(what, to: 32))\(place), step \(Numerals.count(step))\(why)"
  }
}
