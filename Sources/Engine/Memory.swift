import CKernels
import Foundation

/// Pointers into a workspace; valid as long as the workspace lives.
public struct Memory: @unchecked Sendable {
  /// The first float of the arena, aligned to 64 bytes.
  public let base: UnsafeMutablePointer<Float>
  /// Floats from `base` to each region.
  let parameters, slots, state, gradients, signals: Int

  init(base: UnsafeMutablePointer<Float>, starts: [Region: Int]) {
    self.base = base
    parameters = starts[.parameters] ?? 0
    slots = starts[.slots] ?? 0
    state = starts[.state] ?? 0
    gradients = starts[.gradients] ?? 0
    signals = starts[.signals] ?? 0
  }

  /// The first float of a buffer.
  public subscript(buffer: Buffer) -> UnsafeMutablePointer<Float> {
    let start =
      switch buffer.region {
      case .parameters: parameters
      case .slots: slots
      case .state: state
      case .gradients: gradients
      case .signals: signals
      }
    return base + start + buffer.offset
  }
}
