import KeelEngine

/// Looks through YAML before it is composed, and refuses what recipes do without: anchors, aliases,
/// tags, further documents, directives, block texts, complex keys, deep nesting.
///
/// An alias bomb used as a key hangs the composer, and deep nesting overflows its stack; both must be
/// seen before. This is a scan for where tokens begin, not a parser: it knows quotes, comments and
/// plain scalars, and is strict where it is not sure.
enum YAMLScreen {
  static let depthLimit = 64

  static func check(_ text: String, name: String) throws {
    var scan = Scan(name: name)
    for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    {
      try scan.line(Array(line.unicodeScalars), number: number + 1)
    }
  }

  static func refusal(_ what: String, at source: String, name: String) -> KeelError {
    KeelError(
      .invalid, at: name, "has \(what), which recipes do not allow",
      fix: "write the value out, or quote it if it is a text", source: source)
  }

  private struct Scan {
    let name: String
    /// Open flow brackets.
    var depth = 0
    /// The quote a line has left open.
    var quote: Unicode.Scalar?
    var hasContent = false

    mutating func line(_ scalars: [Unicode.Scalar], number: Int) throws {
      if quote == nil, depth == 0 { try checkMarkers(scalars, number) }
      var index = 0
      var dashes = 0
      var isTokenStart = true
      while index < scalars.count {
        let scalar = scalars[index]
        let next = index + 1 < scalars.count ? scalars[index + 1] : " "
        if let open = quote {
          if open == "\"", scalar == "\\" { index += 1 }
          if scalar == open { quote = nil }
          isTokenStart = false
        } else if scalar == " " || scalar == "\t" {
          if next == "#" { return }
        } else if scalar == "#", index == 0 {
          return
        } else if isTokenStart {
          let source = "\(name):\(number):\(index + 1)"
          try checkToken(scalar, next, source)
          hasContent = true
          switch scalar {
          case "\"", "'":
            quote = scalar
            isTokenStart = false
          case "[", "{": try open(source)
          case "]", "}": close(&isTokenStart)
          case ",": break
          case "-" where next == " ":
            dashes += 1
            if dashes > 8 { throw refusal("lists nested in one line", at: source, name: name) }
          default: isTokenStart = false
          }
        } else if depth > 0, "[]{},".unicodeScalars.contains(scalar) {
          isTokenStart = true
          if scalar == "[" || scalar == "{" { try open("\(name):\(number):\(index + 1)") }
          if scalar == "]" || scalar == "}" { close(&isTokenStart) }
        } else if scalar == ":",
          next == " " || (depth > 0 && ",[]{}\"'".unicodeScalars.contains(next))
        {
          isTokenStart = true
        }
        index += 1
      }
    }

    private mutating func open(_ source: String) throws {
      depth += 1
      if depth > YAMLScreen.depthLimit {
        throw refusal("more than \(YAMLScreen.depthLimit) nested brackets", at: source, name: name)
      }
    }

    private mutating func close(_ isTokenStart: inout Bool) {
      depth = max(0, depth - 1)
      isTokenStart = depth > 0
    }

    private mutating func checkMarkers(_ scalars: [Unicode.Scalar], _ number: Int) throws {
      let source = "\(name):\(number):1"
      let head = String(String.UnicodeScalarView(scalars.prefix(3)))
      let isAlone =
        scalars.count == 3 || (scalars.count > 3 && (scalars[3] == " " || scalars[3] == "\t"))
      if scalars.first == "%" { throw refusal("a directive", at: source, name: name) }
      if head == "---", isAlone, hasContent {
        throw refusal("a second document", at: source, name: name)
      }
      if head == "...", isAlone { throw refusal("a document end", at: source, name: name) }
    }

    private func checkToken(_ scalar: Unicode.Scalar, _ next: Unicode.Scalar, _ source: String)
      throws
    {
      switch scalar {
      case "&": throw refusal("an anchor", at: source, name: name)
      case "*": throw refusal("an alias", at: source, name: name)
      case "!": throw refusal("a tag", at: source, name: name)
      case "|" where depth == 0, ">" where depth == 0:
        throw refusal("a block text", at: source, name: name)
      case "?" where next == " ": throw refusal("a complex key", at: source, name: name)
      default: return
      }
    }
  }
}
