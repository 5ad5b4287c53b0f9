/// Decimal numbers, read from bytes.
///
/// The rules are those of a recipe's scalars: digits with an optional sign, point and exponent,
/// and nothing else; `nan`, `0x10`, `1_000` and `1,5` are not numbers. Spaces around are ignored.
enum DecimalText {
  /// 10⁰ … 10²²: the powers of ten that a Double holds exactly.
  static let powers: [Double] = (0...22).map { exponent in
    (0..<exponent).reduce(1) { power, _ in power * 10 }
  }

  /// The number that `bytes[range]` writes, correctly rounded; infinite where a Double cannot hold
  /// it, nil where it is not a number.
  static func value(_ bytes: UnsafeBufferPointer<UInt8>, in range: Range<Int>) -> Double? {
    var digits = Digits()
    var index = range.lowerBound
    var end = range.upperBound
    while index < end, bytes[index] == UInt8(ascii: " ") { index += 1 }
    while end > index, bytes[end - 1] == UInt8(ascii: " ") { end -= 1 }
    let start = index
    let isNegative = sign(bytes, &index, end)
    digits.read(bytes, &index, end)
    if index < end, bytes[index] == UInt8(ascii: ".") {
      index += 1
      let whole = digits.count
      digits.read(bytes, &index, end)
      digits.exponent -= digits.count - whole
    }
    guard digits.count > 0 else { return nil }
    if index < end, bytes[index] | 0x20 == UInt8(ascii: "e") {
      index += 1
      let isDown = sign(bytes, &index, end)
      var power = Digits()
      power.read(bytes, &index, end)
      guard power.count > 0 else { return nil }
      let size = Int(min(power.mantissa, 1000))  // enough to miss the fast path
      digits.exponent += isDown ? -size : size
    }
    guard index == end else { return nil }
    // Clinger's fast path: both factors are exact, so one operation rounds once.
    if digits.isExact, digits.mantissa < 1 << 53, abs(digits.exponent) <= 22 {
      let power = powers[abs(digits.exponent)]
      let mantissa = Double(digits.mantissa)
      let value = digits.exponent < 0 ? mantissa / power : mantissa * power
      return isNegative ? -value : value
    }
    return Double(String(decoding: bytes[start..<end], as: UTF8.self))
  }

  private static func sign(
    _ bytes: UnsafeBufferPointer<UInt8>, _ index: inout Int, _ end: Int
  ) -> Bool {
    guard index < end, bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+")
    else { return false }
    index += 1
    return bytes[index - 1] == UInt8(ascii: "-")
  }

  private struct Digits {
    var mantissa: UInt64 = 0
    var exponent = 0
    /// How many digits were read.
    var count = 0
    /// Whether `mantissa` holds all of them.
    var isExact = true

    mutating func read(_ bytes: UnsafeBufferPointer<UInt8>, _ index: inout Int, _ end: Int) {
      while index < end {
        let digit = bytes[index] &- UInt8(ascii: "0")
        guard digit <= 9 else { return }
        // 10¹⁸ · 10 still fits 64 bits.
        if mantissa < 1_000_000_000_000_000_000 {
          mantissa = mantissa * 10 + UInt64(digit)
        } else {
          isExact = false
        }
        count += 1
        index += 1
      }
    }
  }
}
