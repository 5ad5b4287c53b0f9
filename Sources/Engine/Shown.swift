/// A text from a file, a recipe or a command line as it is shown: short, in one line, and with
/// nothing in it that a terminal would obey or that would turn its reading round.
///
/// Controls, formats (U+202E and its like), separators of lines and paragraphs, and what is no
/// character are written as `\u{202E}`. What is for machines (JSON) does not come by here.
/// - Parameter limit: scalars, after which `…` stands for the rest.
package func shown(_ text: String, limit: Int = 40) -> String {
  var result = ""
  for (index, scalar) in text.unicodeScalars.enumerated() {
    if index == limit { return result + "…" }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned:
      result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}
