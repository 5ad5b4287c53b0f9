import Foundation

/// A value of JSON, as an engine sends and gets it.
///
/// Numbers that are not finite are the strings `"NaN"`, `"Infinity"` and `"-Infinity"`; bare ones,
/// which Python writes, are read, too.
package enum JSONValue: Hashable, Sendable, Encodable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .number(let value):
      if let whole = Int(exactly: value) {
        try container.encode(whole)
      } else {
        try container.encode(value)
      }
    case .string(let value): try container.encode(value)
    case .array(let values): try container.encode(values)
    case .object(let values): try container.encode(values)
    }
  }

  /// Nil where it is no JSON.
  package init?(_ text: some Collection<UInt8>) {
    guard let value = Self.object(Data(text)) ?? Self.object(Data(Self.quotingNumbers(text)))
    else { return nil }
    self.init(value)
  }

  private static func object(_ data: Data) -> Any? {
    try? JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)
  }

  /// The same with bare `NaN`, `Infinity` and `-Infinity`, outside of strings, as strings.
  private static func quotingNumbers(_ text: some Collection<UInt8>) -> [UInt8] {
    var (result, word): ([UInt8], [UInt8]) = ([], [])
    var (isQuoted, isEscaped) = (false, false)
    func flush() {
      let isNumber = ["NaN", "Infinity", "-Infinity"].contains(
        String(decoding: word, as: UTF8.self))
      result += isNumber ? [UInt8(ascii: "\"")] + word + [UInt8(ascii: "\"")] : word
      word = []
    }
    for byte in text {
      let isLetter = (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z")
      if !isQuoted, isLetter || byte == UInt8(ascii: "-") {
        word.append(byte)
        continue
      }
      flush()
      result.append(byte)
      if byte == UInt8(ascii: "\""), !isEscaped { isQuoted.toggle() }
      isEscaped = isQuoted && byte == UInt8(ascii: "\\") && !isEscaped
    }
    flush()
    return result
  }

  private init(_ value: Any) {
    switch value {
    case let value as String: self = .string(value)
    case let value as [Any]: self = .array(value.map(JSONValue.init))
    case let value as [String: Any]: self = .object(value.mapValues(JSONValue.init))
    case let value as NSNumber:
      // A truth value is a number of one character.
      let isBool = String(cString: value.objCType) == "c"
      self = isBool ? .bool(value.boolValue) : .number(value.doubleValue)
    default: self = .null
    }
  }

  /// One line, without its end.
  package var line: Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return (try? encoder.encode(self)) ?? Data("null".utf8)
  }

  package subscript(key: String) -> JSONValue? {
    guard case .object(let values) = self, let value = values[key], value != .null else {
      return nil
    }
    return value
  }

  /// A number, also where it is not finite; nil for anything else.
  package var number: Double? {
    switch self {
    case .number(let value): value
    case .string("NaN"): .nan
    case .string("Infinity"): .infinity
    case .string("-Infinity"): -.infinity
    default: nil
    }
  }

  package var string: String? { if case .string(let value) = self { value } else { nil } }
  package var array: [JSONValue]? { if case .array(let values) = self { values } else { nil } }
}

extension JSONValue: ExpressibleByDictionaryLiteral, ExpressibleByStringLiteral {
  package init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(Dictionary(elements) { $1 })
  }
  package init(stringLiteral value: String) { self = .string(value) }
}
