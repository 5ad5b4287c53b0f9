import Keel

/// What a page says of a program that trained in Keel's place.
package struct EngineNote {
  /// What it calls itself: `pytorch 2.13`.
  let name: String
  /// How far two trials alike were apart, as a share of the loss; nil where they came out the same.
  let spread: Double?

  package init(name: String, spread: Double?) { (self.name, self.spread) = (name, spread) }

  /// For whom its cure is lines of code; nil where Keel writes none.
  var framework: ExportTarget? {
    ExportTarget.allCases.first { name.lowercased().hasPrefix($0.rawValue) }
  }

  /// That its trials do not come out the same, and what that means.
  var caution: [String] {
    guard let spread else { return [] }
    return [
      "\(Style.yellow("!")) two trials alike differ, in their first steps by "
        + "\(Text.percent(spread)) of the loss: what one shows, another may not;",
      "  seed everything that is random in the program, and ask again", "",
    ]
  }
}
