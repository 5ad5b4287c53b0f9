/// A type that a setting can have.
public protocol SettingValue: Hashable, Sendable {
  init(_ settings: Settings, _ reader: SettingsReader, _ limits: NumberRange) throws
  /// How it is printed; nil where it stands for "not set here".
  var written: Settings? { get }
  /// The ingredients that it names, and those within them.
  var ingredients: [any Ingredient] { get }
}

extension SettingValue {
  public var ingredients: [any Ingredient] { [] }
}

extension Double: SettingValue {
  public init(_ settings: Settings, _ reader: SettingsReader, _ limits: NumberRange) throws {
    try self.init(settings, reader, limits, noun: "a number")
  }

  /// - Parameter noun: what a message asks for.
  fileprivate init(
    _ settings: Settings, _ reader: SettingsReader, _ limits: NumberRange, noun: String
  ) throws {
    let fix = "write \(limits.description(noun))"
    guard case .scalar(let text, let quoted) = settings.node else {
      throw reader.error(settings, "expected a number, found \(settings.kind)", fix: fix)
    }
    guard let value = settings.number else {
      if Settings.isNonFinite(text) {
        throw reader.error(settings, "\(text) is not a finite number", fix: fix)
      }
      if quoted, Settings.isNumber(text) {
        throw reader.error(
          settings, "\"\(text)\" is a text, not a number", fix: "remove the quotes")
      }
      throw reader.error(settings, "\(settings.kind) is not a number", fix: fix)
    }
    guard abs(value) <= NumberRange.greatest else {
      throw reader.error(settings, "\(text) does not fit float32 (±3.4e38)", fix: fix)
    }
    guard value == 0 || Float(value) != 0 else {
      throw reader.error(settings, "\(text) is 0 in float32 (below 1.4e-45)", fix: fix)
    }
    guard limits.contains(value) else {
      throw reader.error(settings, "\(text) is out of range", fix: fix)
    }
    self = value
  }
  public var written: Settings? { .number(self) }
}

extension Int: SettingValue {
  public init(_ settings: Settings, _ reader: SettingsReader, _ limits: NumberRange) throws {
    let value = try Double(settings, reader, limits, noun: "a whole number")
    guard value == value.rounded(), abs(value) <= 0x1p53 else {
      throw reader.error(
        settings, "\(settings.kind) is not a whole number",
        fix: "write \(limits.description("a whole number"))")
    }
    self = Int(value)
  }
  public var written: Settings? { .scalar(String(self)) }
}

extension UInt64: SettingValue {
  public init(_ settings: Settings, _ reader: SettingsReader, _ limits: NumberRange) throws {
    guard case .scalar(let text, quoted: false) = settings.node, let value = UInt64(text) else {
      throw reader.error(
        settings, "\(settings.kind) is not a seed",
        fix: "write a whole number from 0 to \(UInt64.max)")
    }
    self = value
  }
  public var written: Settings? { .scalar(String(self)) }
}

extension Bool: SettingValue {
  public init(_ settings: Settings, _ reader: SettingsReader, _ limits: NumberRange) throws {
    switch settings.node {
    case .scalar("true", quoted: false): self = true
    case .scalar("false", quoted: false): self = false
    default:
      throw reader.error(
        settings, "\(settings.kind) is not a truth value", fix: "write true or false")
    }
  }
  public var written: Settings? { .scalar(self ? "true" : "false") }
}

extension String: SettingValue {
  public init(_ settings: Settings, _ reader: SettingsReader, _ limits: NumberRange) throws {
    guard case .scalar(let text, _) = settings.node, !text.isEmpty else {
      throw reader.error(settings, "expected a text, found \(settings.kind)", fix: "write a text")
    }
    self = text
  }
  public var written: Settings? { .string(self) }
}

/// `none`, or a value.
extension Optional: SettingValue where Wrapped: SettingValue {
  public init(_ settings: Settings, _ reader: SettingsReader, _ limits: NumberRange) throws {
    // Quoted, too: JSON knows no other scalars.
    if case .scalar("none", _) = settings.node {
      self = nil
    } else {
      self = try Wrapped(settings, reader, limits)
    }
  }
  public var written: Settings? { self?.written ?? .scalar("none") }
}

extension Array: SettingValue where Element: SettingValue {
  public init(_ settings: Settings, _ reader: SettingsReader, _ limits: NumberRange) throws {
    guard case .list(let items) = settings.node else {
      throw reader.error(
        settings, "expected a list, found \(settings.kind)", fix: "write a list: [a, b]")
    }
    self = []
    var unknown = UnknownNames()
    for (index, item) in items.enumerated() {
      try unknown.gather { append(try Element(item, reader.entering(index), limits)) }
    }
    try unknown.check()
  }
  public var written: Settings? { .list(compactMap(\.written)) }
  public var ingredients: [any Ingredient] { flatMap(\.ingredients) }
}
