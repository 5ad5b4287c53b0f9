import CKernels
import KeelEngine

/// The gradients of one step, as clipping sees them: tensors with their moments.
///
/// A factor is only noted and applied with the update; what changes elements one by one is applied
/// at once, and measured again.
public final class Gradients {
  private let memory: Memory
  private let buffers: [Buffer]
  /// Rows of each tensor that are the weights of one unit; 1 for a vector, which is one.
  private let units: [Int]
  private let penalized: [Bool]
  private let moments: UnsafeMutableBufferPointer<keel_moments>
  private let factors: UnsafeMutableBufferPointer<Double>
  private let slices: [Slice]
  private let sliceMoments: UnsafeMutableBufferPointer<keel_moments>
  private let areShared: Bool
  private var penalty: (l1: Float, l2: Float) = (0, 0)

  /// - Parameter penalized: which tensors get the gradient of a penalty on their weights, too.
  package init(_ plan: Plan, _ memory: Memory, penalized: [Bool]) {
    self.memory = memory
    self.penalized = penalized
    buffers = plan.parameters.map(\.buffer.gradient)
    units = plan.parameters.map { $0.shape.axes.count > 1 ? $0.shape.axes[0] : 1 }
    moments = .allocate(capacity: buffers.count)
    factors = .allocate(capacity: buffers.count)
    moments.initialize(repeating: keel_moments())
    factors.initialize(repeating: 1)
    slices = plan.slices
    areShared = plan.sharesParameters
    sliceMoments = .allocate(capacity: slices.count)
    sliceMoments.initialize(repeating: keel_moments())
  }

  deinit {
    moments.deallocate()
    factors.deallocate()
    sliceMoments.deallocate()
  }

  /// The tensors, one a parameter, in plan order.
  public var indices: Range<Int> { buffers.indices }

  /// Measures every tensor afresh, adding the gradient of l1·Σ|w| + l2·Σw² to those that are
  /// penalized.
  /// - Returns: how many elements are NaN or infinite.
  package func measure(l1: Double, l2: Double) -> Int {
    penalty = (Float(l1), Float(l2))
    if areShared {
      keel_parallel(
        slices.count,
        { gradients, index in
          Unmanaged<Gradients>.fromOpaque(gradients.required("work is handed on"))
            .takeUnretainedValue().measure(slice: index)
          return 1
        }, Unmanaged.passUnretained(self).toOpaque())
    } else {
      for index in slices.indices { measure(slice: index) }
    }
    for index in indices {
      factors[index] = 1
      moments[index] = keel_moments()
    }
    var nonFinite = 0
    for (slice, part) in zip(slices, sliceMoments) {
      moments[slice.parameter].sum_of_squares += part.sum_of_squares
      moments[slice.parameter].largest = max(moments[slice.parameter].largest, part.largest)
      moments[slice.parameter].non_finite += part.non_finite
      nonFinite += Int(part.non_finite)
    }
    return nonFinite
  }

  private func measure(slice index: Int) {
    let slice = slices[index]
    let buffer = buffers[slice.parameter]
    let (start, count) = (slice.range.lowerBound, slice.range.count)
    if penalized[slice.parameter] {
      sliceMoments[index] = keel_penalize(
        memory[buffer] + start, memory[buffer.parameter] + start, count, penalty.l1, penalty.l2)
    } else {
      sliceMoments[index] = keel_measure(memory[buffer] + start, count)
    }
  }

  /// The Euclidean norm of one tensor: NaN or Inf if an element is; it does not overflow otherwise.
  public func norm(_ index: Int) -> Double {
    moments[index].sum_of_squares.squareRoot() * abs(factors[index])
  }

  /// The norm of all tensors as one vector.
  public var globalNorm: Double {
    var sum = 0.0
    for index in indices { sum += moments[index].sum_of_squares * factors[index] * factors[index] }
    return sum.squareRoot()
  }

  /// Σ g² of one tensor, after what clipping has done so far.
  package func squares(_ index: Int) -> Double {
    moments[index].sum_of_squares * factors[index] * factors[index]
  }

  /// Multiplies a tensor.
  public func scale(_ index: Int, by factor: Double) {
    factors[index] *= factor
    // A factor below 1e-30 would be subnormal beside float32: it is applied at once, in double.
    if factors[index] != 0, abs(factors[index]) < 1e-30 { settle(index) }
  }

  /// Scales all tensors together back to a norm that theirs exceeds; not where theirs is not
  /// finite.
  public func limitGlobalNorm(to limit: Double) {
    let norm = globalNorm
    guard norm > limit, norm.isFinite else { return }
    for index in indices { scale(index, by: limit / norm) }
  }

  /// Scales each row of a matrix, or a whole vector, whose norm exceeds ratio·max(‖w‖, floor) back
  /// to that, w being its weights; not where either is not finite.
  public func limitUnitNorms(_ index: Int, ratio: Double, floor: Double) {
    settle(index)
    let buffer = buffers[index]
    moments[index] = keel_limit_unit_norms(
      memory[buffer], memory[buffer.parameter], units[index], buffer.count / units[index], ratio,
      floor)
  }

  /// Changes a tensor's elements one by one, and measures them again; what is NaN or infinite must
  /// stay so.
  public func change(_ index: Int, _ body: (UnsafeMutableBufferPointer<Float>) -> Void) {
    settle(index)
    let buffer = buffers[index]
    body(UnsafeMutableBufferPointer(start: memory[buffer], count: buffer.count))
    moments[index] = keel_measure(memory[buffer], buffer.count)
  }

  /// Cuts every element of a tensor at ±limit; NaN and ±Inf stay what they are.
  public func clamp(_ index: Int, to limit: Double) {
    settle(index)
    guard Double(moments[index].largest) > limit else { return }
    moments[index] = keel_clamp(memory[buffers[index]], buffers[index].count, Float(limit))
  }

  /// The factor the update has to apply.
  package func factor(_ index: Int) -> Float { Float(factors[index]) }

  private func settle(_ index: Int) {
    guard factors[index] != 1 else { return }
    moments[index] = keel_scale(memory[buffers[index]], buffers[index].count, factors[index])
    factors[index] = 1
  }
}
