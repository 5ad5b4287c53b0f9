import CKernels
import Foundation

/// A network compiled: shapes checked, every buffer placed in one arena, kernels in order.
///
/// A plan is a value and holds no memory; a `Workspace` made for it does. It is built for a batch
/// `capacity` and runs with any number of rows up to it. Running it allocates nothing.
public struct Plan: Sendable {
  /// One kernel and what it touches.
  public struct Operation: Sendable {
    /// The layer that the kernel belongs to: `dense-1`.
    public let layer: String
    public var kernel: any Kernel
    /// What the kernel reads; `accumulation` counts them in this order.
    public let inputs: [Signal]
    public let output: Signal
    /// Signals within the kernel, which no other reads or writes.
    public let inner: [Signal]
    /// The parameters the kernel computes with; empty where it has none.
    public let parameters: [Buffer]
    /// The inputs whose gradients the kernel adds to; it overwrites those of the others.
    public var accumulation: Accumulation = []
    /// Gradients of parameters that a later kernel has written, and where they are kept meanwhile.
    var shared: [(gradient: Buffer, aside: Buffer)] = []

    /// Of one row in a forward pass, by the sizes of what are weights.
    func multiplyAdds(of weights: Set<Buffer>) -> Double {
      let vectors = (inputs + [output]).map(\.shape.leading).max() ?? 1
      return Double(vectors)
        * parameters.reduce(0) { $0 + (weights.contains($1) ? Double($1.count) : 0) }
    }

    /// The output of all rows in use; false if the kernel read a non-finite value.
    package func forward(_ pass: Pass) -> Bool {
      kernel.prepare(pass)
      return kernel.forward(pass)
    }

    /// Gradients of inputs and parameters; false if the kernel read a non-finite value.
    package func backward(_ pass: Pass) -> Bool {
      for part in shared {
        keel_copy(pass[part.gradient], pass[part.aside], part.aside.count, 0)
      }
      let isFinite = kernel.backward(pass, accumulation)
      for part in shared {
        keel_copy(pass[part.aside], pass[part.gradient], part.aside.count, 1)
      }
      return isFinite
    }
  }

  /// The largest batch it runs with, in rows.
  public let capacity: Int
  /// Where the inputs of a batch lie; they have no gradient.
  public let input: Signal
  public let output: Signal
  /// Where the targets of a batch lie: as many numbers a row as the output has.
  public let targets: Buffer
  /// In forward order; a kernel that takes another's place is row-wise where that one is.
  public var operations: [Operation]
  /// Everything the optimizer changes, in plan order.
  public let parameters: [Parameter]
  /// Everything layers remember between steps, in plan order.
  public let states: [LayerState]
  /// How many floats the optimizer keeps for each parameter.
  public let slotCount: Int
  let parts: Parts
  let placements: Placements
  private let counts: [Region: Int]

  init(
    capacity: Int, input: Signal, output: Signal, targets: Buffer, operations: [Operation],
    parameters: [Parameter], states: [LayerState], parts: Parts, placements: Placements,
    counts: [Region: Int], slotCount: Int
  ) {
    self.capacity = capacity
    self.input = input
    self.output = output
    self.targets = targets
    self.operations = operations
    self.parameters = parameters
    self.states = states
    self.parts = parts
    self.placements = placements
    self.counts = counts
    self.slotCount = slotCount
  }

  /// The length of a region in floats.
  public func count(_ region: Region) -> Int { counts[region] ?? 0 }

  /// Floats in the whole arena.
  public var floats: Int { Region.allCases.reduce(0) { $0 + count($1) } }

  /// Floats that outlive a step: parameters, slots and state, which lie first and together.
  public var persistentFloats: Int { count(.parameters) + count(.slots) + count(.state) }

  /// Multiply-adds of one gradient evaluation over a full batch, by the sizes of weights: each is
  /// used once forward and twice backward for every vector that passes it. (A table of which rows
  /// are looked up counts as if it were multiplied.)
  public var multiplyAdds: Double {
    let weights = Set(parameters.filter { $0.role == .weight }.map(\.buffer))
    return operations.reduce(0) { $0 + 3 * Double(capacity) * $1.multiplyAdds(of: weights) }
  }

  /// Where a buffer begins, in floats from the arena's start; below `persistentFloats` where a
  /// snapshot holds it.
  public func place(of buffer: Buffer) -> Int {
    let start = starts[buffer.region].required("every region has a start")
    guard buffer.region == .signalGradients else { return start + buffer.offset }
    let place = placements.all[buffer.offset]
    return start + place.start + capacity * place.perRowInUse
  }

  /// Where each region begins, in floats from the arena's start.
  var starts: [Region: Int] {
    var start = 0
    var starts: [Region: Int] = [:]
    for region in Region.allCases {
      starts[region] = start
      start += count(region)
    }
    return starts
  }

  /// The `index`-th slot of a parameter.
  public func slot(_ index: Int, of parameter: Parameter) -> Buffer {
    parameter.buffer.slot(index, stride: count(.parameters))
  }

  /// Layers that have parameters, in plan order.
  public var layers: [String] {
    var names: [String] = []
    for parameter in parameters where names.last != parameter.layer {
      names.append(parameter.layer)
    }
    return names
  }

  /// Writes initial parameters and state: each parameter draws from a stream of its own, named
  /// after it, so that the same layer begins alike in two recipes that differ elsewhere.
  public func initialize(_ memory: Memory, seed: UInt64) {
    for parameter in parameters {
      var random = Random(seed: seed, stream: parameter.name)
      let values = UnsafeMutableBufferPointer(
        start: memory[parameter.buffer], count: parameter.buffer.count)
      parameter.fill(values, &random)
    }
    for state in states {
      UnsafeMutableBufferPointer(start: memory[state.buffer], count: state.buffer.count)
        .update(repeating: state.initial)
    }
  }

  /// Lets layers remember what they saw in this pass.
  public func commit(_ pass: Pass) {
    for index in operations.indices { operations[index].kernel.commit(pass) }
  }
}

extension Planner {
  /// Four fifths of the machine's memory.
  public static var memoryLimit: Int { Int(ProcessInfo.processInfo.physicalMemory / 5 * 4) }
}
