import CKernels
import KeelEngine
import KeelSettings

/// An activation that treats every element alike, given by two C functions and one number.
public protocol ElementwiseActivation: Activation {
  var kernel: ElementwiseKernel.Functions { get }
}

extension ElementwiseActivation {
  public var elementwise: ElementwiseKernel.Functions? { kernel }

  public func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal {
    let layer = network.planner.name(Self.name)
    let output = try network.planner.signal(layer, input.shape)
    network.planner.add(
      ElementwiseKernel(input: input, output: output, functions: kernel), layer, reads: [input],
      writes: output)
    return output
  }
}

/// The kernel of an activation that treats every element alike.
public struct ElementwiseKernel: Kernel {
  /// What an activation computes, and its one setting.
  public struct Functions: Sendable {
    /// From x, y, their count and the setting: writes y; gives the count of non-finite x.
    public typealias Forward =
      @convention(c) @Sendable (
        UnsafePointer<Float>?, UnsafeMutablePointer<Float>?, Int, Float
      ) -> Int64
    /// From x, y, dy, dx, their count, the setting and whether to add; counts non-finite dy.
    public typealias Backward =
      @convention(c) @Sendable (
        UnsafePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?,
        UnsafeMutablePointer<Float>?, Int, Float, Int32
      ) -> Int64
    let forward: Forward
    let backward: Backward
    let setting: Float

    public init(
      forward: @escaping Forward, backward: @escaping Backward, setting: Double
    ) {
      self.forward = forward
      self.backward = backward
      self.setting = Float(setting)
    }

    /// f at each point.
    package func values(at points: [Float]) -> [Float] {
      var values = points
      _ = forward(points, &values, points.count, setting)
      return values
    }

    /// f′ at each point.
    package func slopes(at points: [Float]) -> [Float] {
      var values = points
      var slopes = points
      let ones = [Float](repeating: 1, count: points.count)
      _ = forward(points, &values, points.count, setting)
      _ = backward(points, values, ones, &slopes, points.count, setting, 0)
      return slopes
    }
  }

  let input, output: Signal
  let functions: Functions
  public var isRowwise: Bool { true }

  public func forward(_ pass: Pass) -> Bool {
    functions.forward(
      pass[input.value], pass[output.value], input.value.count(rows: pass.rows), functions.setting)
      == 0
  }

  public func backward(_ pass: Pass, _ accumulation: Accumulation) -> Bool {
    guard let target = input.gradient else { return true }
    return functions.backward(
      pass[input.value], pass[output.value], pass[gradientOf: output], pass[target],
      input.value.count(rows: pass.rows), functions.setting, accumulation.flag(0)) == 0
  }
}
