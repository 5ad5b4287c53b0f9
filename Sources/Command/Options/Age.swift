import ArgumentParser

/// A time as an option writes it: `30d`.
struct Age: ExpressibleByArgument {
  let seconds: Double

  init?(argument: String) {
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
    guard let unit = argument.last.flatMap({ units[$0] }),
      let count = Double(argument.dropLast()), count >= 0, count.isFinite
    else { return nil }
    seconds = count * unit
  }
}
