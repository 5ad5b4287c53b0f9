/// What a pass is for.
public enum Mode: Hashable, Sendable {
  /// Dropout drops, batch norm uses the batch.
  case training
  /// Dropout passes, batch norm uses its running statistics.
  case evaluation
}

/// One trip of a batch, or of a part of its rows, through a plan: the memory, how many rows are in
/// use, and where the run is.
public struct Pass {
  /// The arena that the plan's buffers lie in.
  public let memory: Memory
  /// Rows in use; at most the plan's capacity.
  public let rows: Int
  /// Rows of the batch that lie before those in use: 0 but for a part of a batch.
  public let firstRow: Int
  public let mode: Mode
  /// Counts the batches drawn so far; generators inside the network are entered at this position.
  public let position: UInt64

  public init(memory: Memory, rows: Int, mode: Mode, position: UInt64) {
    self.init(memory: memory, rows: rows, firstRow: 0, mode: mode, position: position)
  }

  private init(memory: Memory, rows: Int, firstRow: Int, mode: Mode, position: UInt64) {
    self.memory = memory
    self.rows = rows
    self.firstRow = firstRow
    self.mode = mode
    self.position = position
  }

  /// The same trip of some rows of the batch; see `Memory.part`.
  func part(_ rows: Range<Int>, lane: Int, gradients: Int?) -> Pass {
    Pass(
      memory: memory.part(rows, lane: lane, gradients: gradients),
      rows: rows.count, firstRow: rows.lowerBound, mode: mode, position: position)
  }

  /// The first float of a buffer; of one that is per row, that of the first row in use.
  public subscript(buffer: Buffer) -> UnsafeMutablePointer<Float> { memory[buffer] }

  /// The gradient of a signal that has one: what a layer puts out.
  public subscript(gradientOf signal: Signal) -> UnsafeMutablePointer<Float> {
    memory[signal.gradientBuffer]
  }

  /// The whole of a buffer that is in use in this pass.
  public func values(_ buffer: Buffer) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: memory[buffer], count: buffer.count(rows: rows))
  }
}

/// Which inputs' gradients a kernel must add to, because another reader wrote them before it.
public struct Accumulation: OptionSet, Hashable, Sendable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }
  /// The mark of one input, by its place among those of the operation: 0 to 7.
  public static func input(_ index: Int) -> Self { Self(rawValue: 1 << UInt8(index)) }
  /// 0 or 1, as the C kernels want it.
  public func flag(_ index: Int) -> Int32 { contains(.input(index)) ? 1 : 0 }
}

/// One operation of a plan, as a value: what it computes with is in the arena.
///
/// The results say whether everything the kernel *looked at* was finite. A kernel that could
/// swallow a NaN or an infinity (an activation, a dropout) must look; one that passes it on need
/// not.
public protocol Kernel: Sendable {
  /// Whether a row's output and the gradient of its input are of that row alone, and the gradients
  /// of parameters sums over rows.
  ///
  /// Such a kernel is given some of the rows at a time, by several threads at once. It writes to
  /// buffers that are per row, to the gradients of its parameters, which it overwrites, and to what
  /// it asked for as `Planner.temporary`; to other scratch in `prepare` alone. What it keeps from
  /// one pass to the other may lie as the rows of a part do; `commit` and `origin` get all rows.
  var isRowwise: Bool { get }
  /// Brings parameters into the order in which both passes read them; called once before the
  /// forward pass of all rows.
  func prepare(_ pass: Pass)
  /// Computes the output from the inputs.
  func forward(_ pass: Pass) -> Bool
  /// Computes the gradients of inputs and parameters from the gradient of the output.
  func backward(_ pass: Pass, _ accumulation: Accumulation) -> Bool
  /// Changes what the layer remembers; called only after a step whose values are all finite.
  func commit(_ pass: Pass)
  /// Why finite inputs gave the non-finite output that now stands in memory.
  func origin(_ pass: Pass) -> NonFiniteOrigin
}

/// A kernel that compares vectors: its scores go through a softmax.
package protocol ScoringKernel: Kernel {
  /// The largest score of the rows in use, of those that the last forward pass took; NaN where one
  /// is not a number.
  func largestScore(_ pass: Pass) -> Float
}

extension Kernel {
  public var isRowwise: Bool { false }
  public func prepare(_ pass: Pass) {}
  public func commit(_ pass: Pass) {}
  /// Sums, products and exponentials of finite numbers leave the range of float32 only upwards.
  public func origin(_ pass: Pass) -> NonFiniteOrigin { .overflow }
}

/// Where a non-finite value came from.
public enum NonFiniteOrigin: String, Hashable, Codable, Sendable {
  /// A finite result too large for float32.
  case overflow
  /// 0/0, log 0, ∞ − ∞: no number is the answer.
  case invalid
  /// It was in the data, or in the parameters that were given.
  case input
}
