import CKernels
import Foundation

/// Pointers into a workspace; valid as long as the workspace lives.
public struct Memory: @unchecked Sendable {
  /// The first float of the arena, aligned to 64 bytes.
  public let base: UnsafeMutablePointer<Float>
  /// Floats from `base` to each region.
  let parameters, slots, state, signals: Int
  private(set) var gradients, lanes: Int
  /// The row of the batch that is seen as the first.
  private var row = 0

  init(base: UnsafeMutablePointer<Float>, starts: [Region: Int]) {
    self.base = base
    parameters = starts[.parameters] ?? 0
    slots = starts[.slots] ?? 0
    state = starts[.state] ?? 0
    gradients = starts[.gradients] ?? 0
    signals = starts[.signals] ?? 0
    lanes = starts[.lanes] ?? 0
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
      case .lanes: lanes
      }
    return base + start + buffer.offset + (buffer.isPerRow ? row * buffer.count : 0)
  }

  /// The same memory from a row on, with a lane for what is needed meanwhile.
  /// - Parameters:
  ///   - offset: floats from the first lane to this one.
  ///   - gradients: floats from the first lane to where gradients of parameters go, each at its own
  ///     offset; nil: where they belong.
  func part(from row: Int, lane offset: Int, gradients place: Int?) -> Memory {
    var part = self
    part.row = row
    part.lanes = lanes + offset
    if let place { part.gradients = lanes + place }
    return part
  }
}
