/// A smallest part of a whole that still does what the whole does.
///
/// **Definition** ddmin: halves, quarters, and so on of what is left are tried, then what remains
/// without each; whatever passes is what is left from then on. It ends where no single element can
/// be spared.
///
/// **References** Zeller and Hildebrandt, *Simplifying and isolating failure-inducing input*, IEEE
/// TSE 2002.
package enum DeltaDebugging {
  /// - Parameters:
  ///   - whole: passes; what is first in it is tried first.
  ///   - passes: asked of parts of it, never of the whole or of nothing.
  /// - Returns: a part, in the order of the whole, of which no element can be spared.
  package static func minimal<Element>(
    _ whole: [Element], passes: ([Element]) throws -> Bool
  ) rethrows -> [Element] {
    var rest = whole
    var parts = 2
    while rest.count > 1 {
      let bounds = (0...parts).map { $0 * rest.count / parts }
      let ranges = zip(bounds, bounds.dropFirst()).map { $0..<$1 }
      if let range = try ranges.first(where: { try passes(Array(rest[$0])) }) {
        (rest, parts) = (Array(rest[range]), 2)
        continue
      }
      // Of two parts each is what remains without the other.
      let spared =
        try parts == 2
        ? nil
        : ranges.first { range in
          try passes(Array(rest[..<range.lowerBound] + rest[range.upperBound...]))
        }
      if let spared {
        rest.removeSubrange(spared)
        parts = max(2, parts - 1)
      } else if parts < rest.count {
        parts = min(rest.count, 2 * parts)
      } else {
        break
      }
    }
    return rest
  }
}
