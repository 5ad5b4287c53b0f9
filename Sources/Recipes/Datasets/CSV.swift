import KeelData
import KeelSettings

/// The rows of a file of comma-separated values with a header row.
///
/// **Definition** RFC 4180: a cell in quotes may hold commas, line ends and, doubled, quotes. Lines
/// end in LF, CRLF or CR; a byte-order mark and empty lines at the end are skipped, and so are
/// spaces around a cell. `target` names the columns to learn (`"y*"`: all that begin with y), in
/// its order; all others are inputs and hold numbers. Numbers are decimal, with an optional
/// exponent, rounded to double and then to float32.
///
/// **Shapes** Inputs [columns that are not targets]. Targets are numbers, named after their
/// columns; a single target column that holds text gives classes, in the sorted order of their
/// names over all rows.
///
/// **Non-finite values** `nan`, `inf` and their like are errors wherever they stand, as is an empty
/// cell.
///
/// **Errors** `KeelError` with the file, the row (the header is row 1) and the column as its place.
public struct CSV: Dataset {
  public static let name = "csv"
  public static let summary = "a file of comma-separated values with a header row"
  public static let fields: [Field<CSV>] = [
    .init("file", \.file, required: true, "file name, relative to the recipe's folder"),
    .init(
      "target", \.targetNames, required: true,
      "columns to learn; \"y*\": all that begin with y"),
    .init("test", \.test, "the last rows: a fraction, or a count"),
  ]
  /// Where the rows are, relative to the recipe.
  public var file = ""
  /// Names of the target columns; a * at the end stands for anything.
  public var target: [String] = []
  /// The last rows, kept apart for testing.
  public var test = TestPart.none

  public init() {}

  var targetNames: ColumnNames {
    get { ColumnNames(target) }
    set { target = newValue.names }
  }

  public func load(from folder: String, seed: UInt64) throws -> DataSplit {
    try check()
    let rows = try Table.read(DataFile(file, in: folder), target: targetNames)
    return try test.split(rows, at: "data.csv")
  }

  public func renamed(_ rename: (String) -> String) -> CSV {
    var copy = self
    copy.file = rename(file)
    return copy
  }
}

extension Choice where F == Datasets {
  /// `csv: {file: …, target: […], test: …}` in a recipe.
  public static func csv(_ file: String, target: [String], test: TestPart = .none) -> Choice {
    var csv = CSV()
    (csv.file, csv.target, csv.test) = (file, target, test)
    return Choice(csv)
  }
}
