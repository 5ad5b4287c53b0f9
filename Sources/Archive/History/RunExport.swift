import Foundation
import KeelAuthoring

/// A run's numbers as a file for other tools: a row a step, a column a series.
public enum RunExport: String, CaseIterable, Sendable {
  case csv, jsonl

  /// The text, a row at a time.
  ///
  /// A step that is not on record any more (of layers a long run keeps single steps only at its
  /// beginning and its end) is left empty. Where the run went back its steps come again, in another
  /// segment.
  /// - Throws: `KeelError` where the archive cannot be read.
  public func write(
    _ run: ArchivedRun, from history: History, to put: (String) throws -> Void
  ) throws {
    let names = try history.seriesNames(of: run.id)
    let titles = names.map { $0.layer.isEmpty ? $0.name : "\($0.layer).\($0.name)" }
    let all = try names.map { try history.steps($0.name, layer: $0.layer, of: run.id) }
    if self == .csv {
      try put((["segment", "step"] + titles).map(Self.field).joined(separator: ",") + "\n")
    }
    for segment in Set(all.flatMap(\.keys)).sorted() {
      let columns = all.map { $0[segment] ?? [:] }
      for step in columns.reduce(into: Set<Int>(), { $0.formUnion($1.keys) }).sorted() {
        let values = columns.map { $0[step] }
        switch self {
        case .csv:
          let fields = values.map { value in value.map { Self.number($0) } ?? "" }
          try put(([String(segment), String(step)] + fields).joined(separator: ",") + "\n")
        case .jsonl:
          let pairs = zip(titles, values).compactMap { title, value in
            value.map {
              "\(Self.string(title)): \($0.isFinite ? Self.number($0) : "\"\(Self.number($0))\"")"
            }
          }
          try put(
            "{"
              + (["\"segment\": \(segment)", "\"step\": \(step)"] + pairs).joined(separator: ", ")
              + "}\n")
        }
      }
    }
  }

  private static func number(_ value: Float) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value > 0 ? "Infinity" : "-Infinity" }
    return "\(value)"
  }

  /// RFC 4180.
  private static func field(_ text: String) -> String {
    text.contains { ",\"\n\r".contains($0) }
      ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
  }

  private static func string(_ text: String) -> String {
    String(decoding: (try? JSONEncoder().encode(text)) ?? Data("\"\"".utf8), as: UTF8.self)
  }
}
