/// A shape that stands for a value or an event, told from the others without its colour.
package enum Mark: Sendable, CaseIterable {
  case dot, square, triangle, diamond, cross, bar

  /// Whether it is a line and has no inside.
  var isStroke: Bool { self == .cross || self == .bar }

  /// A path from its centre, in relative coordinates.
  var outline: String {
    switch self {
    case .dot: "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z"
    case .square: "m-3.5-3.5h7v7h-7z"
    case .triangle: "m0-5l5 9h-10z"
    case .diamond: "m0-5l4.5 5l-4.5 5l-4.5-5z"
    case .cross: "m-4.5-4.5l9 9m0-9l-9 9"
    case .bar: "m0-5v10"
    }
  }
}
