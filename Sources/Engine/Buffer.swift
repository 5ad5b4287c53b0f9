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
  /// Layer outputs and the gradients with respect to them, kept until the next step.
  case signals
}

/// A place in the arena.
public struct Buffer: Hashable, Sendable {
  public let region: Region
  /// Floats from the start of the region; a multiple of 16 (64 bytes).
  public let offset: Int
  /// Floats: for one row if `isPerRow`, otherwise in all.
  public let count: Int
  public let isPerRow: Bool

  /// Floats in use when a batch has `rows` rows.
  public func count(rows: Int) -> Int { isPerRow ? count * rows : count }

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
  public let value: Buffer
  /// Nil for the network's input, whose gradient nobody needs.
  public let gradient: Buffer?
  /// One row.
  public let shape: Shape

  /// The same numbers under another shape of the same count.
  public func reshaped(to shape: Shape) -> Signal {
    precondition(shape.count == self.shape.count, "a reshape keeps the count")
    return Signal(value: value, gradient: gradient, shape: shape)
  }
}

/// Something the optimizer changes.
public struct Parameter: Sendable {
  public enum Role: Hashable, Sendable {
    /// Takes part in a product; regularizers act on these only.
    case weight
    case bias
    /// A gain or a slope.
    case scale
  }

  /// `dense-1.weight`
  public let name: String
  public let layer: String
  public let shape: Shape
  public let role: Role
  public let buffer: Buffer
  /// Whether, once filled, it is to be scaled until the output of its operation has variance 1 on
  /// real rows.
  public let needsData: Bool
  /// Writes the initial value; the generator is this parameter's own.
  public let fill: @Sendable (UnsafeMutableBufferPointer<Float>, inout Random) -> Void
}

/// Something a layer remembers that the optimizer does not change.
public struct LayerState: Sendable {
  /// `batch-norm-1.mean`
  public let name: String
  public let buffer: Buffer
  public let initial: Float
}
