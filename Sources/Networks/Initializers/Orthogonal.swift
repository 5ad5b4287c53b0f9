import CKernels
import KeelEngine
import KeelSettings

/// Orthonormal rows (or columns, where there are more rows than columns), times `gain`.
///
/// **Definition** WWᵀ = gain²·I, or WᵀW = gain²·I for a tall matrix; a normal matrix, its vectors
/// made orthogonal one after the other (Gram–Schmidt, twice, which is as good as Householder in
/// float).
///
/// **Effect on gradients** Every singular value is `gain`: a linear layer neither grows nor
/// shrinks.
///
/// **References** Saxe et al., *Exact solutions to the nonlinear dynamics of learning in deep
/// linear neural networks*, ICLR 2014.
public struct Orthogonal: Initializer {
  public static let name = "orthogonal"
  public static let summary = "orthonormal rows or columns"
  public static let fields: [Field<Orthogonal>] = [
    .init("gain", \.gain, .nonNegative, "every singular value")
  ]
  /// Every singular value.
  public var gain = 1.0
  public var needsMatrix: Bool { true }

  public init() {}

  public func std(_ fan: Fan) -> Double { gain / Double(max(fan.input, fan.rows)).squareRoot() }

  public func fill(
    _ values: UnsafeMutableBufferPointer<Float>, fan: Fan, random: inout Random
  ) {
    precondition(values.count == fan.input * fan.rows, "a matrix of the fan's extents")
    let isTall = fan.rows > fan.input
    let (count, length) = isTall ? (fan.input, fan.rows) : (fan.rows, fan.input)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: count * length + count) { memory in
      let vectors = UnsafeMutableBufferPointer(rebasing: memory[..<(count * length)])
      let products = UnsafeMutableBufferPointer(rebasing: memory[(count * length)...]).baseAddress
      random.fill(vectors, normalWithMean: 0, std: 1)
      for index in 0..<count {
        let place = index * length..<(index + 1) * length
        let vector = UnsafeMutableBufferPointer(rebasing: vectors[place]).baseAddress
        for _ in 0..<2 where index > 0 {
          keel_gemm(0, 0, index, 1, length, 1, vectors.baseAddress, vector, 0, products)
          keel_gemm(0, 0, 1, length, index, -1, products, vectors.baseAddress, 1, vector)
        }
        _ = keel_scale(vector, length, 1 / keel_measure(vector, length).sum_of_squares.squareRoot())
      }
      for row in 0..<fan.rows {
        for column in 0..<fan.input {
          let value = isTall ? vectors[column * length + row] : vectors[row * length + column]
          values[row * fan.input + column] = Float(gain) * value
        }
      }
    }
  }
}

extension Choice where F == Initializers {
  /// `orthogonal: {gain: …}` in a recipe.
  public static func orthogonal(gain: Double = 1) -> Choice {
    var orthogonal = Orthogonal()
    orthogonal.gain = gain
    return Choice(orthogonal)
  }
}
