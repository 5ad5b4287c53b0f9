/// The parts of the arena, in the order in which they lie there.
///
/// The first three are what a step changes for good; a snapshot copies them in one piece.
public enum Region: Int, CaseIterable, Sendable {
  case parameters
  /// What the optimizer remembers: a whole number of copies of `parameters`.
  case slots
  /// What layers remember between steps: batch-norm statistics.
  case state
  /// One gradient for each parameter, at the parameter's own offset.
  case gradients
  /// Layer outputs, and what layers keep from their forward to their backward pass.
  case signals
  /// Gradients with respect to layer outputs: those that are never needed together share a place.
  case signalGradients
  /// What kernels need during one call, and what a part of the rows adds to gradients of
  /// parameters: one lane for each part.
  case lanes
}

/// A place in the arena.
public struct Buffer: Hashable, Sendable {
  /// The part of the arena it lies in.
  public let region: Region
  /// Floats from the start of the region; a multiple of 16 (64 bytes).
  ///
  /// Of a signal's gradient its number among all: where it lies is decided when all are known.
  public let offset: Int
  /// Floats: for one row if `isPerRow`, otherwise in all.
  public let count: Int
  /// Whether there are `count` floats for each row of a batch.
  public let isPerRow: Bool

  /// Floats in use when a batch has `rows` rows.
  public func count(rows: Int) -> Int { isPerRow ? count * rows : count }

  /// Where the next buffer of the region begins, if this one is not per row.
  var end: Int { offset + Buffer.padded(count) }

  /// A length in floats that keeps what lies behind it aligned.
  static func padded(_ floats: Int) -> Int { (floats + 15) / 16 * 16 }

  /// The gradient of a parameter.
  public var gradient: Buffer {
    Buffer(region: .gradients, offset: offset, count: count, isPerRow: false)
  }

  /// The parameter that a gradient belongs to.
  public var parameter: Buffer {
    Buffer(region: .parameters, offset: offset, count: count, isPerRow: false)
  }

  /// The `index`-th thing the optimizer remembers of a parameter; `stride` is the region's length.
  public func slot(_ index: Int, stride: Int) -> Buffer {
    Buffer(region: .slots, offset: index * stride + offset, count: count, isPerRow: false)
  }
}

/// What flows between layers: the value of a batch and the gradient of the loss with respect to it.
public struct Signal: Hashable, Sendable {
  /// The numbers themselves, row by row.
  public let value: Buffer
  /// Nil for the network's input, whose gradient nobody needs.
  public let gradient: Buffer?
  /// One row.
  public let shape: Shape

  /// The gradient of a signal that has one: what a layer puts out.
  public var gradientBuffer: Buffer {
    gradient.required("all signals but the network's input have a gradient")
  }

  /// The same numbers under another shape of the same count; of another count the layer that
  /// returns it is refused.
  public func reshaped(to shape: Shape) -> Signal {
    Signal(value: value, gradient: gradient, shape: shape)
  }
}

/// Something a layer remembers that the optimizer does not change.
public struct LayerState: Sendable {
  /// The layer's name and its own: `batch-norm-1.mean`.
  public let name: String
  /// Where it lies, in the region `state`.
  public let buffer: Buffer
  /// The number that all of it begins at.
  public let initial: Float
}
