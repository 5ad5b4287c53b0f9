import Foundation
import KeelFaults

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
  /// Draws asked for by name, in place of all.
  private var named: [Work]?

  /// - Parameters:
  ///   - faults: that explode.
  ///   - names: keys of draws, separated by commas.
  package init(
    _ set: SeedSet, _ ledger: Ledger, faults: Int, healthy: Int, only names: String?,
    until end: Date
  ) {
    (self.set, done, goals, self.end) = (set, ledger.keys, (faults, healthy), end)
    named = names.map { $0.split(separator: ",").compactMap { Work(String($0)) } }
    for entry in ledger.entries { count(entry) }
  }

  /// Faults and healthy recipes take turns, as far behind their goals as they are.
  package func next() -> Work? {
    lock.withLock {
      if named != nil { return named!.isEmpty ? nil : named!.removeFirst() }
      while Date() < end {
        let shares = (
          Double(counts.faults) / Double(max(1, goals.faults)),
          Double(counts.healthy) / Double(max(1, goals.healthy))
        )
        if shares.0 >= 1, shares.1 >= 1 { return nil }
        let isHealthy = shares.0 >= 1 || (shares.1 < shares.0 && shares.1 < 1)
        let work = Work(
          set: set, index: isHealthy ? indices.healthy : indices.faults, isHealthy: isHealthy)
        if isHealthy { indices.healthy += 1 } else { indices.faults += 1 }
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
    counts.faults += entry.judgements.count { $0.specimen.isFault && $0.isExploding }
    counts.healthy += entry.judgements.count { !$0.specimen.isFault }
  }
}
