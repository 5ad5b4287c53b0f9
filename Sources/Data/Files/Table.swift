import KeelEngine
import KeelSettings

/// Reads a table of comma-separated text: which columns are targets, and every cell as a number or
/// as the name of a class.
package struct Table {
  private let file: String
  private var reader: TableReader
  /// The row being read; the header is row 1.
  private var row = 1
  private var names: [String] = []
  private var targets: [Int] = []
  /// For each column its position among the targets; nil for an input.
  private var slots: [Int?] = []
  private var inputs: [Float] = []
  private var numbers: [Float] = []
  /// Where the cells of a single target column begin, which may turn out to hold text.
  private var labels: [Int] = []
  /// The texts of a single target column seen so far.
  private var texts: Set<String> = []
  private var firstText: Int?
  private var firstFraction: Int?
  /// Whether only the targets are read, as numbers, whatever the other columns hold.
  private var isSelection = false

  /// All rows of `file`, in order.
  package static func read(_ file: DataFile, target: ColumnNames) throws -> Examples {
    try file.text().withUnsafeBufferPointer { bytes in
      var table = Table(file: file.name, reader: TableReader(bytes))
      try table.readHeader(target)
      try table.readRows()
      return try table.examples()
    }
  }

  /// The named columns of `file`, row by row; other columns are passed over.
  static func columns(_ names: ColumnNames, of file: DataFile) throws -> (rows: [Float], count: Int)
  {
    try file.text().withUnsafeBufferPointer { bytes in
      var table = Table(file: file.name, reader: TableReader(bytes))
      table.isSelection = true
      try table.readHeader(names)
      try table.readRows()
      return (table.numbers, table.targets.count)
    }
  }

  private init(file: String, reader: TableReader) {
    self.file = file
    self.reader = reader
  }

  private func error(_ column: Int?, _ what: String, fix: String) -> KeelError {
    var place = "\(file), row \(row)"
    if let column {
      place += ", column "
      place += names.indices ~= column ? "'\(shown(names[column]))'" : String(column + 1)
    }
    return KeelError(.invalid, at: place, what, fix: fix)
  }
}

// MARK: the header

extension Table {
  private mutating func readHeader(_ target: ColumnNames) throws {
    guard try startsRow() else { throw DataFile.empty(file) }
    var header: [String] = []
    var isLast = false
    while !isLast {
      let cell = try nextCell(header.count)
      guard !cell.bounds.isEmpty else {
        throw error(
          header.count, "has no name", fix: "name it in the header, or remove the column")
      }
      header.append(reader.text(cell))
      isLast = cell.isLast
    }
    names = header
    try checkNames()
    targets = try target.indices(in: names, at: file)
    guard isSelection || targets.count < names.count else {
      throw KeelError(
        .invalid, at: file, "every column is a target, none is left as an input",
        fix: "name fewer columns as targets, or add columns to learn from")
    }
    slots = Array(repeating: nil, count: names.count)
    for (slot, column) in targets.enumerated() { slots[column] = slot }
  }

  private func checkNames() throws {
    var first: [String: Int] = [:]
    for (column, name) in names.enumerated() {
      if let earlier = first.updateValue(column, forKey: name) {
        throw error(
          nil, "columns \(earlier + 1) and \(column + 1) are both called '\(shown(name))'",
          fix: "give every column a name of its own")
      }
    }
    let others = names[0].filter { ";\t|".contains($0) }
    if names.count == 1, let separator = others.first {
      throw error(
        nil, "there is only one column, '\(shown(names[0]))'",
        fix: "separate cells by commas, not by \(separator == "\t" ? "tabs" : "'\(separator)'")")
    }
  }
}

// MARK: the rows

extension Table {
  private mutating func readRows() throws {
    row += 1
    while try startsRow() {
      if row == Self.sampleRows { reserve() }
      numbers.append(contentsOf: repeatElement(0, count: targets.count))
      var column = 0
      var isLast = false
      while !isLast {
        let place = reader.position
        let number = reader.plainNumber()
        let cell = number == nil ? try nextCell(column) : nil
        isLast = number?.isLast ?? cell?.isLast ?? true
        guard isLast == (column == names.count - 1) else { throw try ragged(column + 1, isLast) }
        if slots[column] != nil, targets.count == 1, !isSelection { labels.append(place) }
        if let number { take(number.value, column) }
        if let cell { try read(cell, column) }
        column += 1
      }
      row += 1
    }
    let count = row - 2
    guard count >= (isSelection ? 1 : 2) else {
      throw KeelError(
        .invalid, at: file, count == 0 ? "there is a header but no row" : "there is only one row",
        fix: "give at least \(isSelection ? "1 row" : "2 rows") below the header")
    }
  }

  /// Rows after which the length of the rest is known well enough.
  private static let sampleRows = 1000

  /// Room for all rows, from the bytes that those so far have taken: an array that doubles takes up
  /// to three times its length meanwhile.
  private mutating func reserve() {
    let read = max(1, reader.position)
    let rows = Int(Double(row) * Double(reader.bytes.count) / Double(read) * 1.02) + 16
    inputs.reserveCapacity(isSelection ? 0 : rows * (names.count - targets.count))
    numbers.reserveCapacity(rows * targets.count)
    labels.reserveCapacity(targets.count == 1 && !isSelection ? rows : 0)
  }

  private func startsRow() throws -> Bool {
    switch reader.start() {
    case .row: return true
    case .end: return false
    case .blank: throw error(nil, "the line is empty", fix: "remove it, or fill it in")
    }
  }

  private mutating func nextCell(_ column: Int) throws -> TableReader.Cell {
    do { return try reader.cell() } catch .unclosed {
      throw error(
        column, "the file ends inside a quoted cell",
        fix: "close the cell with a \", or copy the file again if its end is missing")
    } catch .trailing {
      throw error(
        column, "something follows the closing quote",
        fix: "write a quote inside a quoted cell twice: \"\"")
    }
  }

  private mutating func read(_ cell: TableReader.Cell, _ column: Int) throws {
    let slot = slots[column]
    if slot == nil, isSelection { return }
    guard let value = DecimalText.value(reader.bytes, in: cell.bounds) else {
      return try readText(cell, column)
    }
    guard abs(value) <= NumberRange.greatest else {
      throw error(
        column, "\(shown(reader.text(cell))) does not fit float32 (±3.4e38)",
        fix: "write a number in that range, or rescale the column")
    }
    take(value, column)
  }

  /// - Parameter value: one that float32 holds.
  private mutating func take(_ value: Double, _ column: Int) {
    guard let slot = slots[column] else {
      if !isSelection { inputs.append(Float(value)) }
      return
    }
    numbers[numbers.count - targets.count + slot] = Float(value)
    if firstFraction == nil, value != value.rounded() { firstFraction = row }
  }

  /// A cell that holds no number: an error, but in a single target column.
  private mutating func readText(_ cell: TableReader.Cell, _ column: Int) throws {
    let text = reader.text(cell)
    if slots[column] != nil, texts.contains(text) { return }
    guard text.contains(where: { $0 != " " && $0 != "\t" }) else {
      throw error(column, "the cell is empty", fix: "fill it in, or remove the row")
    }
    guard !Settings.isNonFinite(text.trimmingSpaces) else {
      throw error(
        column, "\(shown(text)) is not a finite number",
        fix: "write a finite number, or remove the row")
    }
    if slots[column] == nil || isSelection {
      throw error(
        column, "'\(shown(text))' is not a number",
        fix: "write a number, or remove the column: inputs are numbers")
    }
    guard targets.count == 1 else {
      throw error(
        column, "'\(shown(text))' is not a number",
        fix: "write a number: only a target that is the only one may hold text")
    }
    texts.insert(text)
    firstText = firstText ?? row
  }

  /// The error for a row whose cells are not as many as the header's; its rest is read to count it.
  private mutating func ragged(_ seen: Int, _ isLast: Bool) throws -> KeelError {
    var count = seen
    var isLast = isLast
    while !isLast {
      isLast = try nextCell(count).isLast
      count += 1
    }
    return error(
      nil, "has \(count) \(count == 1 ? "cell" : "cells"), the header has \(names.count)",
      fix: "give every row the header's columns, and quote a cell that holds a comma")
  }
}

// MARK: the result

extension Table {
  private func examples() throws -> Examples {
    let columns = names.indices.filter { slots[$0] == nil }.map { names[$0] }
    var examples = Examples(
      inputs: inputs, shape: Shape(columns.count), targets: try values(), columns: columns)
    examples.source = (file, 2)  // the header is row 1
    return examples
  }

  /// The text of a cell that was read before.
  private func label(at place: Int) -> String {
    var reader = reader
    reader.position = place
    return (try? reader.cell()).map(reader.text).required("a cell is read again as it was")
  }

  private func values() throws -> Targets {
    guard let firstText else {
      return Targets(
        values: .numbers(numbers), columns: targets.count, names: targets.map { names[$0] })
    }
    // Whole numbers may be names of classes beside words; a fraction is a measured value, and the
    // word among such values a slip of the pen that would otherwise make every value a class.
    if let firstFraction {
      var table = self
      table.row = firstText
      throw table.error(
        targets[0],
        "'\(shown(label(at: labels[firstText - 2])))' is not a number, but row "
          + "\(firstFraction) holds \(shown(label(at: labels[firstFraction - 2])))",
        fix: "write numbers only, or names of classes only")
    }
    let texts = labels.map(label)
    let classes = Set(texts).sorted()
    let numbered = Dictionary(uniqueKeysWithValues: zip(classes, Int32(0)...))
    return Targets(
      values: .classes(texts.map { numbered[$0].required("every text is a class") }), columns: 1,
      names: classes)
  }
}

extension String {
  fileprivate var trimmingSpaces: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
