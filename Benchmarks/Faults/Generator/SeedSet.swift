/// Seeds that share nothing: what is fitted is fitted on A, what is reported is B.
package enum SeedSet: String, CaseIterable, Codable, Sendable {
  case a = "A"
  case b = "B"
  /// Every other setting as the fault: fitted on C, reported on D.
  case c = "C"
  case d = "D"
  /// Faults below their edge: what trains, and may be far from what it could reach.
  case m = "M"
  /// What the tests run.
  case t = "T"

  package var base: UInt64 {
    switch self {
    case .a: 10_000_000
    case .b: 20_000_000
    case .t: 30_000_000
    case .c: 40_000_000
    case .d: 50_000_000
    case .m: 60_000_000
    }
  }

  /// What its draws may have for a fault.
  package var kinds: [Fault.Kind] {
    switch self {
    case .a, .b, .t: Fault.Kind.classic
    case .c, .d: Fault.Kind.settings
    case .m: Fault.Kind.allCases.filter(\.hasSize)
    }
  }
}
