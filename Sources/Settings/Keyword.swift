/// A setting that is one of a few words.
public protocol Keyword: SettingValue, CaseIterable, RawRepresentable where RawValue == String {}

extension Keyword {
  public init(_ settings: Settings, _ reader: SettingsReader, _ limits: NumberRange) throws {
    let words = Self.allCases.map(\.rawValue)
    guard case .scalar(let text, _) = settings.node, let value = Self(rawValue: text) else {
      throw reader.error(
        settings, "\(settings.kind) is not a choice here",
        fix: "write one of: \(words.joined(separator: ", "))")
    }
    self = value
  }
  public var written: Settings? { .scalar(rawValue) }
}
