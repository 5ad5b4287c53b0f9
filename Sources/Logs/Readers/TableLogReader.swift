import Foundation
import KeelEngine

/// Reads tables of numbers: Lightning's `metrics.csv`, Keras' `CSVLogger`, and any with a header, a
/// step and a loss; separated by commas, semicolons or tabs.
///
/// An empty cell, `NA` or a word says nothing. Where a semicolon or a tab separates, a comma is a
/// decimal point.
struct TableLogReader {
  private var log: TrainingLog
  private let separator: UInt8
  private let names: [String]
  private let stepColumn: Int?
  private var hasCommas = false
  private var row = 0

  /// Whether a line can be the header of a log's table.
  static func recognizes(_ header: ArraySlice<UInt8>) -> Bool {
    guard header.first != UInt8(ascii: "#"), let separator = separator(of: header) else {
      return false
    }
    let cells = cells(header, separator)
    // A recipe may have commas, too, but also braces, and colons before spaces.
    return cells.count >= 2 && cells.contains { Double($0) == nil && !$0.isEmpty }
      && !cells.contains { $0.contains("{") || $0.contains(": ") }
  }

  static func read(_ path: String) throws -> TrainingLog {
    var lines = try LineReader(path)
    var header: ArraySlice<UInt8> = []
    while header.allSatisfy({ $0 == UInt8(ascii: " ") }), let line = try lines.next() {
      header = line.starts(with: [0xEF, 0xBB, 0xBF]) ? line.dropFirst(3) : line
    }
    var reader = TableLogReader(header, path)
    while let line = try lines.next() {
      // Of a row without its end nobody knows whether the last number is whole.
      if lines.isCut { break }
      reader.take(line)
    }
    reader.finish(isCut: lines.isCut)
    return reader.log
  }

  private init(_ header: ArraySlice<UInt8>, _ path: String) {
    separator = Self.separator(of: header) ?? UInt8(ascii: ",")
    names = Self.cells(header, separator)
    let plain = names.map(TrainingLog.plain)
    stepColumn = TrainingLog.steps.lazy.compactMap { plain.firstIndex(of: $0) }.first
    let isEpoch = stepColumn.map { plain[$0] == "epoch" } ?? false
    let isLightning = plain.contains("epoch") && plain.contains("step")
    log = TrainingLog(isEpoch ? .keras : isLightning ? .lightning : .csv, path)
    log.isPerEpoch = isEpoch
  }

  private static func separator(of line: ArraySlice<UInt8>) -> UInt8? {
    let counts = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")].map { separator in
      (separator, line.count { $0 == separator })
    }
    return counts.max { $0.1 < $1.1 }.flatMap { $0.1 > 0 ? $0.0 : nil }
  }

  /// The cells of a line; a separator within quotes is none.
  private static func cells(_ line: ArraySlice<UInt8>, _ separator: UInt8) -> [String] {
    var (cells, start, isQuoted): ([String], Int, Bool) = ([], line.startIndex, false)
    for index in line.indices {
      if line[index] == UInt8(ascii: "\"") { isQuoted.toggle() }
      guard line[index] == separator, !isQuoted else { continue }
      cells.append(cell(line[start..<index]))
      start = index + 1
    }
    return cells + [cell(line[start...])]
  }

  /// Without the spaces and quotes around it.
  private static func cell(_ bytes: ArraySlice<UInt8>) -> String {
    let around: [UInt8] = [UInt8(ascii: " "), UInt8(ascii: "\""), UInt8(ascii: "'")]
    var rest = bytes
    while let first = rest.first, around.contains(first) { rest.removeFirst() }
    while let last = rest.last, around.contains(last) { rest.removeLast() }
    return String(decoding: rest, as: UTF8.self)
  }

  private mutating func take(_ line: ArraySlice<UInt8>) {
    let cells = Self.cells(line, separator)
    // A header again is a log that was gone on with.
    guard cells != names, cells.count > 1 else { return }
    let step = stepColumn.flatMap { $0 < cells.count ? number(cells[$0]) : nil }
    let place = step.flatMap { $0.isFinite && abs($0) < 0x1p53 ? Int($0) : nil } ?? row
    for (column, cell) in cells.enumerated() where column != stepColumn && column < names.count {
      if let value = number(cell) { log.add(value, names[column], at: place) }
    }
    row += 1
  }

  /// A number, also where it is not finite; nil for anything else.
  private mutating func number(_ cell: String) -> Double? {
    if let value = Double(cell) { return value }
    switch cell.lowercased() {
    case "nan", "-nan", "+nan": return .nan
    case "inf", "+inf", "infinity": return .infinity
    case "-inf", "-infinity": return -.infinity
    default: break
    }
    guard separator != UInt8(ascii: ","), cell.count(where: { $0 == "," }) == 1,
      let value = Double(cell.replacing(",", with: "."))
    else { return nil }
    hasCommas = true
    return value
  }

  private mutating func finish(isCut: Bool) {
    if stepColumn == nil { log.remarks.append("it has no column of steps: rows are counted") }
    if isCut { log.remarks.append("its last row has no end, and is left out") }
    if hasCommas { log.remarks.append("a comma is read as a decimal point") }
  }
}
