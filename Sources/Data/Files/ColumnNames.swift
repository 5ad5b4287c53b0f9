import KeelEngine
import KeelSettings

/// One or more column names; `"y*"` stands for all that begin with y.
///
/// In a recipe file, a list, or one bare name.
package struct ColumnNames: SettingValue {
  package var names: [String]

  package init(_ names: [String]) { self.names = names }

  package init(_ settings: Settings, _ reader: SettingsReader, _ limits: NumberRange) throws {
    if case .scalar = settings.node {
      names = [try String(settings, reader, limits)]
    } else {
      names = try [String](settings, reader, limits)
    }
    guard !names.isEmpty else {
      throw reader.error(
        settings, "names no column", fix: "name the column to learn, or several: [y0, y1]")
    }
  }

  package var written: Settings? { names.written }

  /// Which columns of `header` these are, in the order in which they are named.
  /// - Throws: `KeelError` at `place` for a name that is not there.
  func indices(in header: [String], at place: String) throws -> [Int] {
    let columns = Dictionary(zip(header, 0...)) { first, _ in first }
    var indices: [Int] = []
    var known: Set<Int> = []
    for name in names {
      let found: [Int]
      if let index = columns[name] {
        found = [index]
      } else if name.hasSuffix("*") {
        found = header.indices.filter { header[$0].hasPrefix(name.dropLast()) }
      } else {
        throw KeelError(
          .invalid, at: place, "there is no column '\(shown(name))'", fix: advice(name, header))
      }
      guard !found.isEmpty else {
        throw KeelError(
          .invalid, at: place,
          "no column begins with '\(shown(String(name.dropLast())))' (target \"\(shown(name))\")",
          fix: advice(String(name.dropLast()), header))
      }
      for index in found where known.insert(index).inserted { indices.append(index) }
    }
    return indices
  }

  /// The nearest name; where none is near, all of them, or the ends of a long list.
  private func advice(_ name: String, _ header: [String]) -> String {
    let advice = suggestion(for: name, among: header)
    if header.count <= 12 || advice.hasPrefix("did you mean") { return shown(advice, limit: 600) }
    return "choose from the \(header.count) columns, '\(shown(header[0]))' to "
      + "'\(shown(header[header.count - 1]))'"
  }
}
