/// A colour, as a mark in a page: a scalar that is no character (U+FDD0 and after) before the text
/// and another after it.
///
/// Escape sequences take their place when all else has been escaped.
package enum Style: UInt32, CaseIterable {
  case none = 0xFDD0
  case red, green, yellow, bold, dim

  private var code: String {
    switch self {
    case .none: "0"
    case .red: "31;1"
    case .green: "32;1"
    case .yellow: "33;1"
    case .bold: "1"
    case .dim: "2"
    }
  }

  /// Ends a colour that was begun.
  static var closing: Character { Character(Unicode.Scalar(Style.none.rawValue) ?? " ") }

  private func mark(_ text: String) -> String {
    [rawValue, Style.none.rawValue].compactMap { Unicode.Scalar($0) }.map(String.init)
      .joined(separator: text)
  }

  package static func isMark(_ scalar: Unicode.Scalar) -> Bool {
    Style(rawValue: scalar.value) != nil
  }

  package static func code(of scalar: Unicode.Scalar) -> String {
    Style(rawValue: scalar.value).map { "\u{1B}[\($0.code)m" } ?? ""
  }

  package static func red(_ text: String) -> String { Style.red.mark(text) }
  package static func green(_ text: String) -> String { Style.green.mark(text) }
  package static func yellow(_ text: String) -> String { Style.yellow.mark(text) }
  package static func bold(_ text: String) -> String { Style.bold.mark(text) }
  package static func dim(_ text: String) -> String { Style.dim.mark(text) }
}

extension Character {
  /// Whether it is seen in a page, and takes a column.
  var isShown: Bool { !unicodeScalars.allSatisfy { (0xFDD0...0xFDEF).contains($0.value) } }
}
