import CKernels
import Foundation

/// The one arena: a single aligned, zeroed piece of memory, freed with its owner.
public struct Workspace: ~Copyable {
  private let raw: UnsafeMutableRawPointer
  private let placements: UnsafeMutableBufferPointer<Placement>
  /// Pointers into the arena, valid as long as the workspace lives.
  public let memory: Memory

  /// - Throws: `KeelError` where the system does not give `plan.floats` × 4 bytes.
  public init(_ plan: Plan) throws {
    try KernelLevel.check()
    // calloc gives zero pages lazily; 64 bytes more than asked leave room to align.
    let bytes = plan.floats * MemoryLayout<Float>.stride
    guard Room.gives(bytes), let raw = calloc(bytes + 64, 1) else {
      throw KeelError(
        .exhausted, at: "model",
        "the system gives no \(Planner.bytes(bytes)), though the plan has room for it",
        fix: "raise the limit of the process (ulimit -v), or use a smaller model or training.batch")
    }
    keel_use_large_pages(raw, bytes)
    guard keel_prepare_products() != 0 else {
      free(raw)
      throw KeelError(
        .exhausted, at: "model",
        "the system gives no memory for matrix products (128 MiB each)",
        fix: "raise the limit of the process (ulimit -v)")
    }
    self.raw = raw
    let address = UInt(bitPattern: raw)
    let aligned = raw.advanced(by: Int((64 - address % 64) % 64))
    placements = .allocate(capacity: plan.placements.all.count + 1)
    _ = placements.initialize(from: plan.placements.all)
    memory = Memory(
      base: aligned.assumingMemoryBound(to: Float.self), starts: plan.starts,
      placements: UnsafePointer(placements.baseAddress.required("it has room for one")),
      capacity: plan.capacity)
  }

  deinit {
    placements.deallocate()
    free(raw)
  }
}
