/// One setting of a `Root`: its name, how it is read and written, and a line of help.
public struct Field<Root>: Sendable {
  public let name: String
  public let help: String
  public let isRequired: Bool
  let read: @Sendable (inout Root, Settings, SettingsReader) throws -> Void
  let write: @Sendable (Root) -> Settings?

  /// - Parameters:
  ///   - required: whether leaving it out is an error.
  ///   - limits: which numbers are allowed.
  public init<Value: SettingValue>(
    _ name: String, _ path: WritableKeyPath<Root, Value> & Sendable, _ limits: NumberRange,
    required: Bool = false, _ help: String
  ) {
    self.name = name
    self.help = help
    self.isRequired = required
    self.read = { root, settings, reader in
      root[keyPath: path] = try Value(settings, reader, limits)
    }
    self.write = { root in root[keyPath: path].written }
  }

  /// The value as a recipe writes it; nil where it stands for "not set here".
  public func written(_ root: Root) -> Settings? { write(root) }

  /// The same, for a setting that may take any number, or none.
  public init<Value: SettingValue>(
    _ name: String, _ path: WritableKeyPath<Root, Value> & Sendable, required: Bool = false,
    _ help: String
  ) {
    self.init(name, path, .any, required: required, help)
  }
}

/// Which numbers a setting may take; every number must also be finite in float32.
public struct NumberRange: Hashable, Sendable {
  public var minimum: Double
  public var maximum: Double
  public var includesMinimum = true
  public var includesMaximum = true

  /// From one number to another, both included where nothing else is said.
  public init(
    minimum: Double, maximum: Double, includesMinimum: Bool = true, includesMaximum: Bool = true
  ) {
    (self.minimum, self.maximum) = (minimum, maximum)
    (self.includesMinimum, self.includesMaximum) = (includesMinimum, includesMaximum)
  }

  package static let greatest = Double(Float.greatestFiniteMagnitude)
  public static let any = NumberRange(minimum: -greatest, maximum: greatest)
  public static let positive = NumberRange(minimum: 0, maximum: greatest, includesMinimum: false)
  public static let nonNegative = NumberRange(minimum: 0, maximum: greatest)
  /// [0, 1)
  public static let fraction = NumberRange(minimum: 0, maximum: 1, includesMaximum: false)
  public static func atLeast(_ minimum: Double) -> NumberRange {
    NumberRange(minimum: minimum, maximum: greatest)
  }

  func contains(_ value: Double) -> Bool {
    (includesMinimum ? value >= minimum : value > minimum)
      && (includesMaximum ? value <= maximum : value < maximum)
  }

  /// `a number above 0`, `a number from 0 to below 1`
  func description(_ noun: String) -> String {
    let low = minimum == -Self.greatest ? nil : Settings.number(minimum).line
    let high = maximum >= Self.greatest ? nil : Settings.number(maximum).line
    switch (low, high) {
    case (nil, nil): return noun
    case (let low?, nil): return "\(noun) \(includesMinimum ? "of at least" : "above") \(low)"
    case (nil, let high?): return "\(noun) \(includesMaximum ? "of at most" : "below") \(high)"
    case (let low?, let high?):
      return "\(noun) \(includesMinimum ? "from" : "above") \(low) "
        + (includesMaximum
          ? "to \(high)" : includesMinimum ? "to below \(high)" : "and below \(high)")
    }
  }
}

/// A type that a setting can have.
public protocol SettingValue: Hashable, Sendable {
  init(_ settings: Settings, _ reader: SettingsReader, _ limits: NumberRange) throws
  /// How it is printed; nil where it stands for "not set here".
  var written: Settings? { get }
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
    self = try items.enumerated().map { index, item in
      try Element(item, reader.entering(index), limits)
    }
  }
  public var written: Settings? { .list(compactMap(\.written)) }
}

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

/// A setting that may be left to the recipe: not printed where it names nothing.
public struct Inherited<Value: SettingValue>: SettingValue {
  public var value: Value?
  public init(_ value: Value? = nil) { self.value = value }
  public init(_ settings: Settings, _ reader: SettingsReader, _ limits: NumberRange) throws {
    value = try Value(settings, reader, limits)
  }
  public var written: Settings? { value?.written }
}

/// `none`, one member of a family, or a list of them, applied in order.
public struct Chain<F: Family>: SettingValue, ExpressibleByArrayLiteral {
  public var choices: [Choice<F>]
  public init(_ choices: [Choice<F>] = []) { self.choices = choices }
  public init(arrayLiteral elements: Choice<F>...) { choices = elements }

  public init(_ settings: Settings, _ reader: SettingsReader, _ limits: NumberRange) throws {
    switch settings.node {
    case .scalar("none", _): choices = []
    case .list: choices = try [Choice<F>](settings, reader, limits)
    default: choices = [try Choice(settings, reader, limits)]
    }
  }

  public var written: Settings? {
    switch choices.count {
    case 0: .scalar("none")
    case 1: choices[0].written
    default: choices.written
    }
  }
}
