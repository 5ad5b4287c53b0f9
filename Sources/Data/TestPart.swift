import KeelEngine
import KeelSettings

/// How many of the last rows are kept for testing.
///
/// In a recipe file a number below 1 is a fraction, a whole number of at least 1 a count.
public enum TestPart: SettingValue {
  case none
  case fraction(Double)
  case count(Int)

  public init(_ settings: Settings, _ reader: SettingsReader, _ limits: NumberRange) throws {
    if case .scalar("none", _) = settings.node {
      self = .none
      return
    }
    let value = try Double(settings, reader, .positive)
    if value < 1 {
      self = .fraction(value)
    } else if value == value.rounded(), value < 0x1p53 {
      self = .count(Int(value))
    } else {
      throw reader.error(
        settings, "\(settings.kind) is neither a fraction nor a count",
        fix: "write a fraction below 1, or a whole number of rows")
    }
  }

  public var written: Settings? {
    switch self {
    case .none: .scalar("none")
    case .fraction(let value): .number(value)
    case .count(let value): .scalar(String(value))
    }
  }

  /// Splits off the last rows.
  /// - Throws: `KeelError` where nothing would be left to train on, or nothing to test.
  package func split(_ examples: Examples, at place: String) throws -> DataSplit {
    let count =
      switch self {
      case .none: 0
      case .fraction(let fraction): Int((Double(examples.count) * fraction).rounded())
      case .count(let count): count
      }
    if case .none = self { return DataSplit(train: examples, test: nil) }
    guard count >= 1, count < examples.count else {
      throw KeelError(
        .invalid, at: place,
        "test: \(written.required("a test part is always written").line) takes \(count) of \(examples.count) rows",
        fix: "leave at least one row to test and one to train")
    }
    let cut = examples.count - count
    return DataSplit(train: examples.rows(0..<cut), test: examples.rows(cut..<examples.count))
  }
}
