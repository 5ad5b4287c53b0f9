import ArgumentParser

/// A share of the time as an option writes it: `2%`.
struct TimeShare: ExpressibleByArgument {
  /// Above 0, at most 1.
  let share: Double

  init?(argument: String) {
    guard argument.hasSuffix("%"), let percent = Double(argument.dropLast()), percent > 0,
      percent <= 100
    else { return nil }
    share = percent / 100
  }
}
