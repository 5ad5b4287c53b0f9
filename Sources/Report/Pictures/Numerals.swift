import Foundation

/// Numbers as a picture shows them, the same on every machine.
package enum Numerals {
  /// A whole number with its thousands set apart: `12,345`.
  package static func count(_ value: Int) -> String {
    let digits = Array(String(value.magnitude))
    var text = value < 0 ? "−" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return text
  }

  /// A power: `10⁻³`.
  package static func power(_ exponent: Int, of base: Int = 10) -> String {
    let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
    let superscript = String(exponent.magnitude).compactMap { $0.wholeNumberValue }
      .map { String(digits[$0]) }.joined()
    return "\(base)\(exponent < 0 ? "⁻" : "")\(superscript)"
  }

  /// A number with a fixed count of decimals, without an exponent and without a negative zero.
  ///
  /// What is not finite, or has more than fifteen digits, is none of a coordinate: it becomes zero
  /// or the largest that has.
  package static func fixed(_ value: Double, decimals: Int) -> String {
    let unit = (0..<decimals).reduce(1.0) { power, _ in power * 10 }
    let scaled = value.isNaN ? 0 : Int(min(max((value * unit).rounded(), -1e15), 1e15))
    let digits = String(scaled.magnitude)
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    var fraction = padded.suffix(decimals)
    while fraction.last == "0" { fraction.removeLast() }
    return (scaled < 0 ? "-" : "") + padded.dropLast(decimals)
      + (fraction.isEmpty ? "" : "." + fraction)
  }

  /// Three significant digits: `0.0123`, `1,230`, `1.23×10⁷`, `NaN`, `∞`.
  package static func short(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    let sign = value < 0 ? "−" : ""
    if value.isInfinite { return sign + "∞" }
    let size = abs(value)
    guard size > 1e-300 else { return "0" }
    var exponent = Int(log10(size).rounded(.down))
    var mantissa = (size / pow(10, Double(exponent)) * 100).rounded()
    if mantissa >= 1000 { (exponent, mantissa) = (exponent + 1, 100) }
    let rounded = mantissa / 100 * pow(10, Double(exponent))
    switch exponent {
    case 3...4: return sign + count(Int(rounded.rounded()))
    case -3..<3: return sign + fixed(rounded, decimals: 2 - exponent)
    default:
      let digits = fixed(mantissa / 100, decimals: 2)
      return sign + (digits == "1" ? "" : digits + "×") + power(exponent)
    }
  }

  package static func short(_ value: Float) -> String { short(Double(value)) }

  /// A share of a whole: `62 %`, and `<1 %` where rounding would make it none.
  package static func percent(_ share: Double) -> String {
    if share > 0, share < 0.01 { return "<1 %" }
    if share > 0.99, share < 1 { return ">99 %" }
    return fixed(share * 100, decimals: 0) + " %"
  }
}
