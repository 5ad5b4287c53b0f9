import CKernels
import Foundation

/// Pointers into a workspace; valid as long as the workspace lives.
public struct Memory: @unchecked Sendable {
  /// The first float of the arena, aligned to 64 bytes.
  public let base: UnsafeMutablePointer<Float>
  /// Floats from `base` to each region.
  let parameters, slots, state, signals: Int
  private(set) var gradients, lanes: Int
  private let signalGradients: Int
  /// Where gradients of signals lie, by their numbers.
  private let placements: UnsafePointer<Placement>
  /// The row of the batch that is seen as the first, and how many are in use at most.
  private var (row, rows): (Int, Int)

  init(
    base: UnsafeMutablePointer<Float>, starts: [Region: Int],
    placements: UnsafePointer<Placement>, capacity: Int
  ) {
    self.base = base
    self.placements = placements
    (row, rows) = (0, capacity)
    parameters = starts[.parameters] ?? 0
    slots = starts[.slots] ?? 0
    state = starts[.state] ?? 0
    gradients = starts[.gradients] ?? 0
    signals = starts[.signals] ?? 0
    signalGradients = starts[.signalGradients] ?? 0
    lanes = starts[.lanes] ?? 0
  }

  /// The first float of a buffer.
  public subscript(buffer: Buffer) -> UnsafeMutablePointer<Float> {
    if buffer.region == .signalGradients {
      let place = placements[buffer.offset]
      return base + signalGradients + place.start + row * place.perRowBefore
        + rows * place.perRowInUse
    }
    let start =
      switch buffer.region {
      case .parameters: parameters
      case .slots: slots
      case .state: state
      case .gradients: gradients
      case .signals: signals
      case .signalGradients: signalGradients
      case .lanes: lanes
      }
    return base + start + buffer.offset + (buffer.isPerRow ? row * buffer.count : 0)
  }

  /// The same memory from a row on, with a lane for what is needed meanwhile.
  /// - Parameters:
  ///   - offset: floats from the first lane to this one.
  ///   - gradients: floats from the first lane to where gradients of parameters go, each at its own
  ///     offset; nil: where they belong.
  func part(_ rows: Range<Int>, lane offset: Int, gradients place: Int?) -> Memory {
    var part = self
    (part.row, part.rows) = (rows.lowerBound, rows.count)
    part.lanes = lanes + offset
    if let place { part.gradients = lanes + place }
    return part
  }
}
