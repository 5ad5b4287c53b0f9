import KeelEngine

/// Numbers with a name and a shape.
public struct Tensor: Hashable, Sendable {
  /// What it is called: `dense-1.weight`.
  public let name: String
  /// The extents of its axes; their product is the count of `values`.
  public let shape: Shape
  /// Row-major.
  public let values: [Float]

  public init(name: String, shape: Shape, values: [Float]) {
    precondition(shape.count == values.count, "as many values as the shape has")
    self.name = name
    self.shape = shape
    self.values = values
  }

  /// The same name and shape with other numbers.
  /// - Precondition: there are as many.
  public func with(_ values: [Float]) -> Tensor {
    Tensor(name: name, shape: shape, values: values)
  }
}
