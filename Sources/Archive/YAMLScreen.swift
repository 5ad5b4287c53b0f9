import KeelEngine

/// Looks through YAML before it is composed, and refuses what recipes do without: anchors, aliases,
/// tags, further documents, directives, complex keys, texts over several lines, deep nesting.
///
/// An alias bomb used as a key hangs the composer, and deep nesting overflows its stack; both must
/// be seen before. This finds where tokens begin, by the rules of libyaml: what it takes for a text
/// or a comment, the parser must not take for something else. That is why a text ends in its line
/// here; in YAML it may go on, and hide what follows.
enum YAMLScreen {
  static let depthLimit = 64

  static func check(_ text: String, name: String) throws {
    var scan = Scan(name: name)
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() {
      try scan.read(Array(line.unicodeScalars), number: index + 1)
    }
  }

  /// What recipes do without, and what to write in its place.
  enum Refused: String {
    case anchor = "an anchor"
    case alias = "an alias"
    case tag = "a tag"
    case secondDocument = "a second document"
    case documentEnd = "a document end"
    case directive = "a directive"
    case blockText = "a block text"
    case openText = "a text over several lines"
    case continuedText = "a line that goes on with the text above it"
    case complexKey = "a complex key"
    case byteOrderMark = "a byte-order mark inside"
    case brackets = "more than 64 nested brackets"
    case levels = "more than 64 nested levels"
    case dashes = "more than 8 nested lists in one line"

    var fix: String {
      switch self {
      case .anchor, .alias: "write the value out, or quote it if it is a text"
      case .tag: "remove it, or quote it if it is a text"
      case .secondDocument: "keep each recipe in a file of its own"
      case .documentEnd, .directive, .byteOrderMark: "remove it"
      case .continuedText: "check the indentation, and that the line above ends in a colon"
      case .blockText, .openText: "write the text in one line, in quotes"
      case .complexKey: "write keys as plain words"
      case .brackets, .levels, .dashes: "nest less deeply"
      }
    }

    func error(at source: String, name: String) -> KeelError {
      KeelError(
        .invalid, at: name, "has \(rawValue), which recipes do not allow", fix: fix, source: source)
    }
  }
}

private struct Scan {
  let name: String
  /// Open flow brackets.
  private var depth = 0
  /// Whether a plain text is open; within brackets it may go on in the next line.
  private var isPlain = false
  /// Where the innermost block begins: libyaml goes on with a plain text right of it.
  private var indent = -1
  /// Where the lines of the blocks around this one begin.
  private var margins: [Int] = []
  private var hasContent = false
  private var number = 0

  init(name: String) { self.name = name }

  private func refuse(_ what: YAMLScreen.Refused, _ index: Int) -> KeelError {
    what.error(at: "\(name):\(number):\(index + 1)", name: name)
  }

  private static func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\t" }

  mutating func read(_ line: [Unicode.Scalar], number: Int) throws {
    self.number = number
    if let mark = line.firstIndex(of: "\u{FEFF}") { throw refuse(.byteOrderMark, mark) }
    let start = depth == 0 ? try markers(line) : 0
    guard let first = line[start...].firstIndex(where: { !Self.isBlank($0) }) else { return }
    if depth == 0 {
      if line[first] != "#", isPlain, first > indent { throw refuse(.continuedText, first) }
      isPlain = false
      if line[first] != "#" { try enter(first) }
    }
    try tokens(line, from: first)
  }

  private mutating func tokens(_ line: [Unicode.Scalar], from first: Int) throws {
    var index = first
    /// Where the text before a colon began.
    var key = first
    var dashes = 0
    while index < line.count {
      let scalar = line[index]
      let isLast = index + 1 == line.count || Self.isBlank(line[index + 1])
      if isPlain { isPlain = !ends(line, index, isLast) }
      if isPlain || Self.isBlank(scalar) {
        index += 1
        continue
      }
      if scalar == "#" { return }
      hasContent = true
      switch scalar {
      case "\"", "'":
        if depth == 0 { key = index }
        index = try closing(line, index)
      case "[", "{":
        if depth == 0 { key = index }
        depth += 1
        if depth > YAMLScreen.depthLimit { throw refuse(.brackets, index) }
      case "]", "}": depth = max(0, depth - 1)
      case ",": break
      case ":" where depth > 0: break
      case ":" where isLast: indent = key
      case "-" where isLast:
        indent = index
        key = index
        dashes += 1
        if dashes > 8 { throw refuse(.dashes, index) }
      case "?" where depth > 0 || isLast: throw refuse(.complexKey, index)
      case "&": throw refuse(.anchor, index)
      case "*": throw refuse(.alias, index)
      case "!": throw refuse(.tag, index)
      case "|" where depth == 0, ">" where depth == 0: throw refuse(.blockText, index)
      default:
        if depth == 0 { key = index }
        isPlain = true
      }
      index += 1
    }
  }

  /// Whether a plain text ends before this scalar.
  private func ends(_ line: [Unicode.Scalar], _ index: Int, _ isLast: Bool) -> Bool {
    switch line[index] {
    case ":": isLast
    case ",", "[", "]", "{", "}": depth > 0
    case "#": index == 0 || Self.isBlank(line[index - 1])
    default: false
    }
  }

  /// Where a quoted text ends, which must be in its line.
  private func closing(_ line: [Unicode.Scalar], _ open: Int) throws -> Int {
    var index = open + 1
    while index < line.count {
      if line[index] == line[open] { return index }
      index += line[open] == "\"" && line[index] == "\\" ? 2 : 1
    }
    throw refuse(.openText, open)
  }

  /// Counts blocks within blocks, by where their lines begin.
  private mutating func enter(_ column: Int) throws {
    while let last = margins.last, last >= column { margins.removeLast() }
    margins.append(column)
    if margins.count > YAMLScreen.depthLimit { throw refuse(.levels, column) }
  }

  /// - Returns: how many scalars a document's beginning takes.
  private mutating func markers(_ line: [Unicode.Scalar]) throws -> Int {
    if line.first == "%" { throw refuse(.directive, 0) }
    guard line.count == 3 || (line.count > 3 && Self.isBlank(line[3])) else { return 0 }
    switch String(String.UnicodeScalarView(line[..<3])) {
    case "---":
      if hasContent { throw refuse(.secondDocument, 0) }
      hasContent = true
      return 3
    case "...": throw refuse(.documentEnd, 0)
    default: return 0
    }
  }
}
