import CKernels
import KeelEngine

/// Snapshots of growing age: about 1, 2, 4, 8, … intervals old, in memory that is taken once.
package struct SnapshotRing {
  /// Steps between two snapshots.
  package let interval: Int
  private(set) var slots: [Snapshot]
  /// Kept at an alarm, until the next one.
  private(set) var pinned: Snapshot

  /// Bytes that all slots together may take, unless two of them take more.
  static let memoryLimit = 1 << 28

  /// Bytes that a ring takes.
  static func bytes(floats: Int) -> Int { (slots(floats: floats) + 1) * floats * 4 }

  private static func slots(floats: Int) -> Int {
    min(8, max(2, memoryLimit / max(1, floats * 4) - 1))
  }

  /// A ring that keeps nothing: for trials, which never go back.
  static let none = SnapshotRing()

  private init() { (slots, pinned, interval) = ([], Snapshot(floats: 0), .max) }

  /// - Parameters:
  ///   - floats: what a snapshot copies.
  ///   - work: floating-point operations of one step.
  init(floats: Int, work: Double) {
    // Each has memory of its own: repeated values would share it until the first is written.
    slots = (0..<Self.slots(floats: floats)).map { _ in Snapshot(floats: floats) }
    pinned = Snapshot(floats: floats)
    // Under 1 % of the time: a copy moves 8 bytes a float at about 5 GB/s here, a step computes at
    // no more than 100 Gflop/s and takes no less than 2 µs. A model of costs, not a clock, so that
    // the same recipe always has the same snapshots.
    let copy = Double(floats) * 8 / 5e9 + 1e-7
    interval = max(10, Int((100 * copy / max(2e-6, work / 100e9)).rounded(.up)))
  }

  /// The slot of snapshot number n is the number of zeros at the end of n: a ruler.
  mutating func take(_ memory: Memory, step: Int, tally: Tally) {
    guard !slots.isEmpty else { return }
    let number = step / interval
    let slot = number == 0 ? slots.count - 1 : min(number.trailingZeroBitCount, slots.count - 1)
    slots[slot].take(memory, step: step, tally: tally)
  }

  /// Keeps the newest snapshot from before a step, whatever the ring does later.
  mutating func pin(before step: Int) {
    var (newest, latest) = (-1, pinned.step)
    for index in slots.indices where slots[index].step > latest && slots[index].step <= step {
      (newest, latest) = (index, slots[index].step)
    }
    // Into the memory there is: an alarm is part of a step.
    if newest >= 0 { pinned.copy(slots[newest]) }
  }

  /// Keeps a snapshot that was not taken here.
  mutating func pin(_ snapshot: Snapshot) { if !slots.isEmpty { pinned.copy(snapshot) } }

  /// All there are, oldest first.
  package var all: [Snapshot] {
    (slots + [pinned]).filter { $0.step >= 0 }.sorted { $0.step < $1.step }
  }

  /// The steps of those that the ring itself holds.
  var recent: [Int] { slots.map(\.step).filter { $0 >= 0 } }

  package func newest(before step: Int) -> Snapshot? { all.last { $0.step <= step } }

  /// Drops what lies after a step that the run has gone back to.
  mutating func forget(after step: Int) {
    for index in slots.indices where slots[index].step > step { slots[index].step = -1 }
    if pinned.step > step { pinned.step = -1 }
  }
}
