import CKernels
import Foundation

/// The instructions that kernels are made of: on x86-64 each kernel is there once for every level
/// of the processor.
///
/// The best level that the processor has is used, or the one that the environment's `KEEL_KERNELS`
/// names. Levels add up in another order and round differently: results agree but for that, and are
/// bit for bit the same only within a level.
public struct KernelLevel: Hashable, Sendable {
  /// `x86-64-v4`, `x86-64-v3`, `baseline`.
  public let name: String
  /// What `OPENBLAS_CORETYPE` calls the level; nil where BLAS is another.
  public let blas: String?
  /// Whether this processor has it.
  public let isSupported: Bool

  private init(_ index: Int) {
    let level = keel_level_at(index)
    name = String(cString: level.name)
    blas = level.blas.map { String(cString: $0) }
    isSupported = keel_level_is_supported(index) != 0
  }

  /// The best first.
  public static var all: [KernelLevel] { (0..<keel_level_count()).map(KernelLevel.init) }

  /// The one in use.
  public static var current: KernelLevel { KernelLevel(keel_current_level()) }

  /// What the environment asks for; nil where it leaves the choice to the processor.
  public static var asked: String? {
    getenv("KEEL_KERNELS").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// - Throws: `KeelError` where the environment names a level, or a core of BLAS, that there is
  ///   not, or not here.
  public static func check() throws {
    if let core = getenv("OPENBLAS_CORETYPE"), keel_blas_core_is_supported(core) == 0 {
      throw KeelError(
        .usage, at: "OPENBLAS_CORETYPE=\(String(cString: core))", "this processor is no such core",
        fix: "leave it out")
    }
    guard let asked, asked != current.name else { return }
    let isKnown = all.contains { $0.name == asked }
    throw KeelError(
      .usage, at: "KEEL_KERNELS=\(asked)",
      isKnown ? "this processor lacks that level" : "is not a level of kernels",
      fix: "choose one of: "
        + all.filter(\.isSupported).map(\.name).joined(separator: ", ") + "; or leave it out")
  }
}
