import CKernels

/// Whether the system gives what has been planned.
///
/// Where an allocation of Swift's own fails the process is ended; so what is large is asked for
/// here before.
package enum Room {
  /// - Parameter what: `the snapshots of a run`.
  /// - Throws: `KeelError` where the system would not give so many bytes now.
  package static func check(_ bytes: Int, for what: String) throws {
    guard keel_has_room(bytes) == 0 else { return }
    throw KeelError(
      .exhausted, at: "memory", "the system gives no \(Planner.bytes(bytes)) for \(what)",
      fix: "raise the limit of the process (ulimit -v), or end what else is using memory")
  }
}
