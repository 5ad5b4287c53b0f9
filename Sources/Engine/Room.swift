import CKernels

/// Whether the system gives what has been planned.
///
/// Where an allocation of Swift's own fails the process is ended; so what is large is asked for
/// here before.
package enum Room {
  /// Left for a few stacks of 8 MB: Dispatch waits for ever for a thread that finds none.
  private static let spare = 32 << 20

  /// Whether the system would give so many bytes now, and keep what threads need.
  static func gives(_ bytes: Int) -> Bool { keel_has_room(max(0, bytes) + spare) != 0 }

  /// - Parameter what: `the snapshots of a run`.
  /// - Throws: `KeelError` where the system would not give so many bytes now.
  package static func check(_ bytes: Int, for what: String) throws {
    guard !gives(bytes) else { return }
    throw KeelError(
      .exhausted, at: "memory", "the system gives no \(Planner.bytes(bytes)) for \(what)",
      fix: "raise the limit of the process (ulimit -v), or end what else is using memory")
  }
}
