import CKernels
import KeelEngine

/// Everything that changes in a run, as it stood before a step.
///
/// Parameters, optimizer state and layer statistics are copied in one piece. Generators and the
/// place in the data are functions of the step; windows (of clips, schedule and monitor) and alarms
/// are functions of the trace up to it.
public struct Snapshot: Sendable {
  /// The next step.
  public internal(set) var step: Int
  var tally: Tally
  /// Parameters, slots and state, as they lie in the arena.
  var values: [Float]

  init(floats: Int) {
    (step, tally) = (-1, Tally())
    // Not written: until it is taken it takes no memory but addresses.
    values = Array(unsafeUninitializedCapacity: floats) { $1 = floats }
  }

  mutating func take(_ memory: Memory, step: Int, tally: Tally) {
    (self.step, self.tally) = (step, tally)
    values.withUnsafeMutableBufferPointer {
      keel_copy(memory.base, $0.baseAddress, $0.count, 0)
    }
  }

  /// Takes over what another one holds, in the memory there is.
  mutating func copy(_ other: Snapshot) {
    (step, tally) = (other.step, other.tally)
    values.withUnsafeMutableBufferPointer { own in
      other.values.withUnsafeBufferPointer {
        keel_copy($0.baseAddress, own.baseAddress, own.count, 0)
      }
    }
  }

  func restore(_ memory: Memory) {
    values.withUnsafeBufferPointer { keel_copy($0.baseAddress, memory.base, $0.count, 0) }
  }
}
