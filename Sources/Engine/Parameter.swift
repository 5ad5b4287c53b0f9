/// Something the optimizer changes.
public struct Parameter: Sendable {
  /// What a parameter is to its layer.
  public enum Role: Hashable, Sendable {
    /// Takes part in a product; regularizers act on these only.
    case weight
    case bias
    /// A gain or a slope.
    case scale
  }

  /// The layer's name and its own: `dense-1.weight`.
  public let name: String
  /// The layer it belongs to: `dense-1`.
  public let layer: String
  /// The extents: [units, fan-in] for the weight of a dense layer.
  public let shape: Shape
  /// What it is to its layer.
  public let role: Role
  /// Where it lies, in the region `parameters`.
  public let buffer: Buffer
  /// Whether, once filled, it is to be scaled until the output of its operation has variance 1 on
  /// real rows.
  public let needsData: Bool
  /// Writes the initial value; the generator is this parameter's own.
  public let fill: @Sendable (UnsafeMutableBufferPointer<Float>, inout Random) -> Void
}
