import Foundation
import KeelFaults

/// Which draws are wanted.
package enum Selection: Sendable, Equatable {
  case all
  /// Those that begin with a fault of this kind; no healthy ones.
  case kind(Fault.Kind)
  /// These alone, whether they were done before or not.
  case draws([Work])

  /// `learning-rate`, or `A17,Ah4`; nil where it is neither.
  package init?(_ text: String) {
    if let kind = Fault.Kind(rawValue: text) {
      self = .kind(kind)
      return
    }
    let names = text.split(separator: ",", omittingEmptySubsequences: false)
    let works = names.compactMap { Work(String($0)) }
    guard works.count == names.count else { return nil }
    self = .draws(works)
  }
}

/// What is to be drawn next, until there are enough.
package final class Queue: @unchecked Sendable {
  private let lock = NSLock()
  private let set: SeedSet
  private let done: Set<String>
  private let goals: (faults: Int, healthy: Int)
  private var counts = (faults: 0, healthy: 0)
  private var indices = (faults: 0, healthy: 0)
  private let end: Date
  private let start = Date()
  private var selection: Selection

  /// - Parameter faults: that explode.
  package init(
    _ set: SeedSet, _ ledger: Ledger, faults: Int, healthy: Int, _ selection: Selection = .all,
    until end: Date
  ) {
    (self.set, done, self.selection, self.end) = (set, ledger.keys, selection, end)
    goals = (faults, selection == .all ? healthy : 0)
    for entry in ledger.entries { count(entry) }
  }

  /// Faults and healthy recipes take turns, as far behind their goals as they are.
  package func next() -> Work? {
    lock.withLock {
      if case .draws(let works) = selection {
        selection = .draws(Array(works.dropFirst()))
        return works.first
      }
      while Date() < end {
        let shares = (
          Double(counts.faults) / Double(max(1, goals.faults)),
          goals.healthy == 0 ? 1 : Double(counts.healthy) / Double(goals.healthy)
        )
        if shares.0 >= 1, shares.1 >= 1 { return nil }
        let isHealthy = shares.0 >= 1 || (shares.1 < shares.0 && shares.1 < 1)
        let work = Work(
          set: set, index: isHealthy ? indices.healthy : indices.faults, isHealthy: isHealthy)
        if isHealthy { indices.healthy += 1 } else { indices.faults += 1 }
        if case .kind(let kind) = selection, work.first != kind { continue }
        if !done.contains(work.key) { return work }
      }
      return nil
    }
  }

  /// What a draw came to.
  package func add(_ entry: Ledger.Entry) { lock.withLock { count(entry) } }

  /// How far it is, in a line.
  package var progress: String {
    lock.withLock {
      "\(Int(Date().timeIntervalSince(start))) s: \(counts.faults) exploding faults, "
        + "\(counts.healthy) healthy recipes"
    }
  }

  private func count(_ entry: Ledger.Entry) {
    counts.faults += entry.judgements.count {
      $0.specimen.isFault && ($0.isExploding || set.kinds != Fault.Kind.classic)
    }
    counts.healthy += entry.judgements.count { !$0.specimen.isFault }
  }
}
