/// Seeds that share nothing: what is fitted is fitted on A, what is reported is B.
package enum SeedSet: String, CaseIterable, Codable, Sendable {
  case a = "A"
  case b = "B"
  /// What the tests run.
  case t = "T"

  package var base: UInt64 {
    switch self {
    case .a: 10_000_000
    case .b: 20_000_000
    case .t: 30_000_000
    }
  }
}
