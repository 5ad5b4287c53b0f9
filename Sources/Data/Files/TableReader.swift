/// Walks over the cells of comma-separated text, byte by byte, without copying any.
///
/// RFC 4180, and what files do beyond it: LF, CRLF or CR ends a line, a UTF-8 byte-order mark is
/// skipped, spaces and tabs around a cell (outside its quotes) do not count.
struct TableReader {
  struct Cell {
    /// Where the cell's bytes are, without quotes.
    var bounds: Range<Int>
    /// Whether `""` in it stands for `"`.
    var hasEscapes = false
    /// Whether it ends its row.
    var isLast = false
  }

  enum Start { case row, blank, end }

  enum Fault: Error {
    /// The file ends inside a quoted cell.
    case unclosed
    /// Something follows a closing quote.
    case trailing
  }

  let bytes: UnsafeBufferPointer<UInt8>
  /// The byte that is read next: where a cell begins, spaces and quotes included.
  var position: Int
  private let powers = DecimalText.powers

  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    self.bytes = bytes
    position = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
  }

  /// What begins here: a row, an empty line before another row, or the end of all rows.
  func start() -> Start {
    var index = position
    var isBlank = false
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"): isBlank = true
      case UInt8(ascii: " "), UInt8(ascii: "\t"): break
      default: return isBlank ? .blank : .row
      }
      index += 1
    }
    return .end
  }

  /// The next cell of the row.
  mutating func cell() throws(Fault) -> Cell {
    skipSpaces()
    if position < bytes.count, bytes[position] == UInt8(ascii: "\"") { return try quoted() }
    let start = position
    while position < bytes.count, !isDelimiter(bytes[position]) { position += 1 }
    var end = position
    while end > start, isSpace(bytes[end - 1]) { end -= 1 }
    var cell = Cell(bounds: start..<end)
    cell.isLast = passDelimiter()
    return cell
  }

  /// The next cell, where it is a plain number of at most fifteen digits, without an exponent and
  /// with nothing around it; nil, and nothing is read, where it is anything else.
  ///
  /// It is the number that `DecimalText` reads: both factors are exact, so one division rounds once
  /// (Clinger 1990).
  mutating func plainNumber() -> (value: Double, isLast: Bool)? {
    var index = position
    let isNegative = index < bytes.count && bytes[index] == UInt8(ascii: "-")
    if isNegative { index += 1 }
    let start = index
    var mantissa: UInt64 = 0
    func readDigits() {
      while index < bytes.count {
        let digit = bytes[index] &- UInt8(ascii: "0")
        guard digit <= 9 else { return }
        mantissa = mantissa &* 10 &+ UInt64(digit)
        index += 1
      }
    }
    readDigits()
    var (digits, decimals) = (index - start, 0)
    if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
      index += 1
      let first = index
      readDigits()
      decimals = index - first
      digits += decimals
    }
    guard digits > 0, digits <= 15, index < bytes.count else { return nil }
    let end = bytes[index]
    guard end == UInt8(ascii: ",") || end == UInt8(ascii: "\n") else { return nil }
    position = index + 1
    let value = Double(mantissa) / powers[decimals]
    return (isNegative ? -value : value, end == UInt8(ascii: "\n"))
  }

  /// The text of a cell.
  func text(_ cell: Cell) -> String {
    let text = String(decoding: bytes[cell.bounds], as: UTF8.self)
    guard cell.hasEscapes else { return text }
    return text.split(separator: "\"\"", omittingEmptySubsequences: false).joined(separator: "\"")
  }

  private mutating func quoted() throws(Fault) -> Cell {
    position += 1
    let start = position
    var hasEscapes = false
    while position < bytes.count {
      if bytes[position] == UInt8(ascii: "\"") {
        guard position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "\"") else { break }
        hasEscapes = true
        position += 1
      }
      position += 1
    }
    guard position < bytes.count else { throw .unclosed }
    var cell = Cell(bounds: start..<position, hasEscapes: hasEscapes)
    position += 1
    skipSpaces()
    guard position == bytes.count || isDelimiter(bytes[position]) else { throw .trailing }
    cell.isLast = passDelimiter()
    return cell
  }

  private func isSpace(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
  }

  private func isDelimiter(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
  }

  private mutating func skipSpaces() {
    while position < bytes.count, isSpace(bytes[position]) { position += 1 }
  }

  /// Steps over a comma, a line's end, or nothing at the end of the file.
  /// - Returns: whether the row ends here.
  private mutating func passDelimiter() -> Bool {
    guard position < bytes.count else { return true }
    let byte = bytes[position]
    position += 1
    if byte == UInt8(ascii: "\r"), position < bytes.count, bytes[position] == UInt8(ascii: "\n") {
      position += 1
    }
    return byte != UInt8(ascii: ",")
  }
}
