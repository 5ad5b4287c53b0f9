/// What a search tries, and in which order.
protocol Schedule {
  /// What takes back what was found; each only where the one before did not convince.
  var attempts: [Attempt] { get }
  /// What is tried in turn where that was not enough, and its share of the budget.
  var stages: [(brackets: [Bracket], share: Double)] { get }
  /// What is made for nothing that was found.
  var others: [Bracket] { get }
  /// What leads, in other strengths.
  func challengers(_ leader: [any Remedy]) -> [Bracket]
}

/// One go at taking back what was found.
struct Attempt {
  let brackets: [Bracket]
  /// Whether who holds without convincing is a candidate later, too.
  var isRemembered = true
}
