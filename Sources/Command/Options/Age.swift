import ArgumentParser

/// A time as an option writes it: `30d`.
struct Age: ExpressibleByArgument {
  let seconds: Double

  init?(argument: String) {
    // Of `2m` nobody knows whether it is minutes or months.
    let units = ["s": 1.0, "min": 60, "h": 3600, "d": 86_400, "w": 604_800]
    let number = argument.prefix { $0.isNumber || $0 == "." }
    guard let unit = units[String(argument.dropFirst(number.count))], let count = Double(number),
      count >= 0, count.isFinite
    else { return nil }
    seconds = count * unit
  }
}
