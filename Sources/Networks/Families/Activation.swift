import CKernels
import KeelEngine
import KeelSettings

/// A layer without a shape of its own: it stands in the model, or inside `dense`.
public protocol Activation: Layer {
  /// What it computes of each element, if it treats all alike; theory integrates over it.
  var elementwise: ElementwiseKernel.Functions? { get }
}

extension Activation {
  public var elementwise: ElementwiseKernel.Functions? { nil }
}

/// Families that activations belong to: they are layers, too.
public protocol ActivationFamily: Family {}

/// Functions inside `dense`; each is a layer, too.
public enum Activations: ActivationFamily {
  public static let singular = "activation"
  public static let plural = "activations"
  public static func member(_ ingredient: any Ingredient) -> (any Activation)? {
    ingredient as? any Activation
  }
}

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

public struct ElementwiseKernel: Kernel {
  /// What an activation computes, and its one setting.
  public struct Functions: Sendable {
    public typealias Forward =
      @convention(c) @Sendable (
        UnsafePointer<Float>?, UnsafeMutablePointer<Float>?, Int, Float
      ) -> Int64
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

  public func forward(_ pass: Pass) -> Bool {
    functions.forward(
      pass[input.value], pass[output.value], input.value.count(rows: pass.rows), functions.setting)
      == 0
  }

  public func backward(_ pass: Pass, _ accumulation: Accumulation) -> Bool {
    guard let target = input.gradient else { return true }
    return functions.backward(
      pass[input.value], pass[output.value], pass[output.gradient!], pass[target],
      input.value.count(rows: pass.rows), functions.setting, accumulation.flag(0)) == 0
  }
}
