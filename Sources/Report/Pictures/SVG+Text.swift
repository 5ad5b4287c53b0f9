extension SVG {
  /// A text in which no character is markup, and none changes how the others are read.
  ///
  /// Controls, marks that turn the direction of writing and scalars that XML forbids become U+FFFD.
  package static func escaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      case "\t", "\n", "\r": escaped += " "
      case _ where isHarmful(scalar): escaped += "\u{FFFD}"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }

  private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0: true
    case 0x61C, 0x200B, 0x200E, 0x200F, 0x2028, 0x2029, 0x202A...0x202E: true
    case 0x2060...0x2069, 0xFEFF, 0xFDD0...0xFDEF, 0xFFF9...0xFFFB: true
    default: scalar.value & 0xFFFE == 0xFFFE
    }
  }

  /// A text of at most so many characters; a longer one loses its middle.
  package static func cut(_ text: String, to limit: Int) -> String {
    // What is one character may be any number of scalars.
    let scalars = text.unicodeScalars
    guard scalars.count > limit else { return text }
    let kept = max(0, limit - 1)
    return String(String.UnicodeScalarView(scalars.prefix(kept - kept / 2))) + "…"
      + String(String.UnicodeScalarView(scalars.suffix(kept / 2)))
  }

  /// How wide a text may become, in units: an estimate on the safe side, for no font is measured.
  package static func width(of text: String, size: Double = 13) -> Double {
    text.unicodeScalars.reduce(0) { $0 + advance(of: $1) } * size
  }

  private static func advance(of scalar: Unicode.Scalar) -> Double {
    switch scalar.value {
    case 0x20, 0x2C...0x2E, 0x69...0x6A, 0x6C: 0.34
    case 0x41...0x5A, 0x6D, 0x77: 0.76
    case ..<0x1100: 0.6
    case 0x2000..<0x2E80: 0.8
    default: 1.1
    }
  }

  /// A text that loses as much of its middle as it is wider than that.
  package static func fitted(_ text: String, to width: Double, size: Double = 13) -> String {
    var limit = min(text.unicodeScalars.count, Int(width / (0.3 * size)))
    var shown = cut(text, to: limit)
    while limit > 1, Self.width(of: shown, size: size) > width {
      limit -= 1
      shown = cut(text, to: limit)
    }
    return shown
  }

  /// A text as lines that are at most so wide, broken between words.
  package static func lines(_ text: String, width limit: Double, size: Double = 13) -> [String] {
    var lines: [String] = []
    for word in cut(text, to: 600).split(separator: " ") {
      let word = fitted(String(word), to: limit, size: size)
      if let last = lines.last, width(of: "\(last) \(word)", size: size) <= limit {
        lines[lines.count - 1] = "\(last) \(word)"
      } else {
        lines.append(word)
      }
    }
    return lines
  }
}
