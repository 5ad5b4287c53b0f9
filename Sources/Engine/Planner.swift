/// Lays out a network before any memory is asked for: names layers, places buffers, orders kernels.
public struct Planner {
  /// The largest batch the plan can hold.
  public let capacity: Int
  /// Bytes the arena may take.
  public let limit: Int
  private var counts: [Region: Int] = [:]
  private var named: [String: Int] = [:]
  private var operations: [Plan.Operation] = []
  private var parameters: [Parameter] = []
  private var states: [LayerState] = []
  /// Floats that each layer's kernels need during one call.
  private var temporaries: [String: Int] = [:]
  /// Floats a row of the gradients of all signals.
  private var signalGradients: [Int] = []
  private let keepsGradients: Bool

  /// - Parameter keepsGradients: whether gradients with respect to layer outputs are still there
  ///   after a backward pass, instead of sharing memory.
  public init(capacity: Int, limit: Int = Planner.memoryLimit, keepsGradients: Bool = false) {
    self.capacity = capacity
    self.limit = limit
    self.keepsGradients = keepsGradients
  }

  /// The next name of a kind: `dense-1`, then `dense-2`, and so on.
  public mutating func name(_ kind: String) -> String {
    let number = named[kind, default: 0] + 1
    named[kind] = number
    return "\(kind)-\(number)"
  }

  /// A parameter called `layer.suffix`, and its gradient; one that is asked for again is shared,
  /// and its gradient is the sum over all kernels that name it among their parameters.
  /// - Parameter needsData: whether it is still to be scaled by what data show; see `Parameter`.
  /// - Throws: `KeelError` where it does not fit memory, or has another shape where it is shared.
  public mutating func parameter(
    _ layer: String, _ suffix: String, _ shape: Shape, role: Parameter.Role,
    needsData: Bool = false,
    fill: @escaping @Sendable (UnsafeMutableBufferPointer<Float>, inout Random) -> Void
  ) throws -> Buffer {
    let name = "\(layer).\(suffix)"
    if let shared = parameters.first(where: { $0.name == name }) {
      try check(shared, shape)
      return shared.buffer
    }
    let buffer = try place(.parameters, shape.count, what: "\(name), \(shape)")
    parameters.append(
      Parameter(
        name: name, layer: layer, shape: shape, role: role, buffer: buffer, needsData: needsData,
        fill: fill))
    return buffer
  }

  /// A parameter of another layer, to be used by this one too: its gradient is the sum of theirs.
  /// - Throws: `KeelError` where no layer before this one has it, or in another shape.
  public func shared(_ layer: String, _ suffix: String, _ shape: Shape) throws -> Buffer {
    let name = "\(layer).\(suffix)"
    guard let parameter = parameters.first(where: { $0.name == name }) else {
      throw KeelError(
        .invalid, at: "model", "no layer before this one has \(name)",
        fix: "share one of: \(parameters.map(\.name).joined(separator: ", "))")
    }
    try check(parameter, shape)
    return parameter.buffer
  }

  private func check(_ parameter: Parameter, _ shape: Shape) throws {
    guard parameter.shape != shape else { return }
    throw KeelError(
      .invalid, at: "model",
      "\(parameter.name), \(parameter.shape), cannot be shared by a layer that needs \(shape)",
      fix: "share it with a layer of the same shape")
  }

  /// Something `layer` remembers between steps.
  public mutating func state(_ layer: String, _ suffix: String, count: Int, initial: Float) throws
    -> Buffer
  {
    let buffer = try place(.state, count, what: "\(layer).\(suffix)")
    states.append(LayerState(name: "\(layer).\(suffix)", buffer: buffer, initial: initial))
    return buffer
  }

  /// The network's input: a value without a gradient.
  public mutating func input(_ shape: Shape) throws -> Signal {
    Signal(
      value: try place(.signals, shape.count, perRow: true, what: "the input, \(shape)"),
      gradient: nil, shape: shape)
  }

  /// The output of a layer and the gradient with respect to it, which is there from the kernels
  /// that read the output to the one that writes it.
  public mutating func signal(_ layer: String, _ shape: Shape) throws -> Signal {
    let what = "the output of \(layer), \(shape)"
    let value = try place(.signals, shape.count, perRow: true, what: what)
    signalGradients.append(shape.count)
    return Signal(
      value: value,
      gradient: Buffer(
        region: .signalGradients, offset: signalGradients.count - 1, count: shape.count,
        isPerRow: true),
      shape: shape)
  }

  /// Room a kernel needs between its forward and its backward pass.
  public mutating func scratch(_ layer: String, count: Int, perRow: Bool) throws -> Buffer {
    try place(.signals, count, perRow: perRow, what: "the scratch of \(layer)")
  }

  /// As many rows as a row-wise kernel is given at a time, at most, where a plan takes it in parts.
  public var partRows: Int { Parts.mostRows(capacity) }

  /// Room a kernel needs during one call, of its own where several threads call it at once: other
  /// layers' kernels write there before the next.
  /// - Parameter count: floats; at least 1.
  /// - Throws: `KeelError` where they do not fit memory.
  public mutating func temporary(_ layer: String, count: Int) throws -> Buffer {
    let offset = temporaries[layer, default: 0]
    guard count >= 1 else { throw empty("what \(layer) needs meanwhile") }
    guard count <= limit / 4, (offset + count) * 4 <= limit else {
      throw tooLarge("what \(layer) needs meanwhile", Self.bytes(Double(count) * 4))
    }
    temporaries[layer] = offset + Buffer.padded(count)
    return Buffer(region: .lanes, offset: offset, count: count, isPerRow: false)
  }

  /// Appends a kernel; kernels run in the order in which they are added.
  /// - Parameters:
  ///   - inputs: what it reads, whose gradients it writes; no other's is there when it runs.
  ///   - inner: signals that it alone writes and reads, so that their gradients share memory too.
  public mutating func add(
    _ kernel: any Kernel, _ layer: String, reads inputs: [Signal], writes output: Signal,
    inner: [Signal] = [], parameters: [Buffer] = []
  ) {
    operations.append(
      Plan.Operation(
        layer: layer, kernel: kernel, inputs: inputs, output: output, inner: inner,
        parameters: parameters))
  }

  /// Every signal that is read is one that was written.
  private func checkSignals(_ input: Signal, _ output: Signal) throws {
    var written: Set<Buffer> = [input.value]
    for operation in operations {
      guard operation.inputs.allSatisfy({ written.contains($0.value) }) else {
        throw KeelError(
          .invalid, at: operation.layer, "reads what no layer before it writes",
          fix: "add a kernel to the layer before it that writes its output: network.planner.add")
      }
      written.insert(operation.output.value)
    }
    guard written.contains(output.value) else {
      throw KeelError(
        .invalid, at: "model", "no kernel writes what its last layer puts out",
        fix: "add one to that layer: network.planner.add")
    }
  }

  /// Decides which gradients are added to, and fixes the arena.
  public mutating func plan(input: Signal, output: Signal, slots: Int) throws -> Plan {
    try checkSignals(input, output)
    let targets = try scratch("targets", count: output.shape.count, perRow: true)
    var seen: Set<Buffer> = []
    var resolved = operations
    // The last reader in forward order is the first to write in backward order: it overwrites.
    for index in resolved.indices.reversed() {
      for (position, signal) in resolved[index].inputs.enumerated() {
        guard let gradient = signal.gradient else { continue }
        if !seen.insert(gradient).inserted {
          resolved[index].accumulation.insert(.input(position))
        }
      }
    }
    try shareGradients(&resolved)
    var counts = self.counts
    counts[.slots] = slots * (counts[.parameters] ?? 0)
    counts[.gradients] = counts[.parameters]
    let parts = Parts(
      resolved, capacity: capacity,
      weights: Set(parameters.filter { $0.role == .weight }.map(\.buffer)),
      signals: (counts[.signals] ?? 0)
        + signalGradients.reduce(0) { $0 + Buffer.padded($1 * capacity) },
      temporaries: temporaries)
    let placements = Placements(
      signalGradients, resolved, parts.segments, output: output, capacity: capacity,
      keepsAll: keepsGradients)
    counts[.signalGradients] = placements.floats
    counts[.lanes] = max(parts.lanes(capacity), temporaries.values.max() ?? 0)
    let total = counts.values.reduce(0, +)
    guard total <= limit / 4 else {
      throw KeelError(
        .invalid, at: "model",
        "needs \(Self.bytes(total, 1)) in all, more than the \(Self.bytes(limit / 4, 1)) a plan "
          + "may take here", fix: "use fewer units, or a smaller training.batch")
    }
    return Plan(
      capacity: capacity, input: input, output: output, targets: targets, operations: resolved,
      parameters: parameters, states: states, parts: parts, placements: placements,
      counts: counts, slotCount: slots)
  }

  /// Of several kernels with one parameter all but the last in forward order add to its gradient.
  ///
  /// A kernel writes its gradient, whoever else has one; so what is there already is kept aside
  /// while it does.
  private mutating func shareGradients(_ operations: inout [Plan.Operation]) throws {
    var seen: Set<Buffer> = []
    for index in operations.indices.reversed() {
      for parameter in operations[index].parameters where !seen.insert(parameter).inserted {
        let aside = try scratch(operations[index].layer, count: parameter.count, perRow: false)
        operations[index].shared.append((parameter.gradient, aside))
      }
    }
  }

  private mutating func place(
    _ region: Region, _ count: Int, perRow: Bool = false, what: String
  ) throws -> Buffer {
    guard count >= 1 else { throw empty(what) }
    let offset = counts[region] ?? 0
    let (size, overflow) = count.multipliedReportingOverflow(by: perRow ? capacity : 1)
    let others = counts.values.reduce(0, +)
    // A parameter also has a gradient and at most two optimizer slots.
    let copies = region == .parameters ? 4 : 1
    guard !overflow, size <= limit / 4 / copies, (others + size) * 4 <= limit else {
      throw tooLarge(
        what, overflow ? nil : "\(Self.total(others, size, copies)) with all before it")
    }
    counts[region] = offset + Buffer.padded(size)
    return Buffer(region: region, offset: offset, count: count, isPerRow: perRow)
  }

  private func empty(_ what: String) -> KeelError {
    KeelError(
      .invalid, at: "model", "\(what), has no numbers",
      fix: "give every axis an extent of 1 or more")
  }

  private func tooLarge(_ what: String, _ size: String?) -> KeelError {
    KeelError(
      .invalid, at: "model",
      "\(what), needs \(size.map { "\($0), " } ?? "")more than the "
        + "\(Self.bytes(limit / 4, 1)) a plan may take here",
      fix: "use fewer units, or a smaller training.batch")
  }

  /// What there is, and so many copies of what comes on top, in floats.
  private static func total(_ others: Int, _ size: Int, _ copies: Int) -> String {
    bytes((Double(others) + Double(size) * Double(copies)) * 4)
  }

  private static func bytes(_ floats: Int, _ copies: Int) -> String {
    bytes(Double(floats) * 4 * Double(copies))
  }

  /// A number of bytes in words: `6.9 GB`.
  package static func bytes(_ bytes: Int) -> String { Self.bytes(Double(bytes)) }

  private static func bytes(_ bytes: Double) -> String {
    let units = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"]
    let power = min(6, max(0, bytes > 1 ? Int((bytes.exponent) / 10) : 0))
    var value = bytes
    for _ in 0..<power { value /= 1000 }
    return "\((value * 10).rounded() / 10) \(units[power])"
  }
}
