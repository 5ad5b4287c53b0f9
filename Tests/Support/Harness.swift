import KeelEngine
import KeelNetworks
import KeelRecipes

/// A recipe's network with memory of its own, driven by hand.
public final class Harness {
  public let recipe: Recipe
  public let plan: Plan
  /// Rows in use; at most the plan's capacity.
  public var rows: Int
  public var mode = Mode.training
  public var position: UInt64 = 0
  /// [rows, columns], what the loss compares with.
  public var targets: [Float] = []
  private let workspace: Workspace

  /// Plans and initialises.
  /// - Parameter capacity: the largest batch; `rows` if not given.
  public init(_ recipe: Recipe, row: [Int], rows: Int, capacity: Int? = nil) throws {
    self.recipe = recipe
    self.rows = rows
    plan = try recipe.plan(
      row: Shape(row), capacity: capacity ?? rows, keepsGradients: true)
    workspace = try Workspace(plan)
    initialize(seed: recipe.seed)
  }

  /// Draws parameters, and resets what layers remember.
  public func initialize(seed: UInt64) { plan.initialize(workspace.memory, seed: seed) }

  /// Valid as long as the harness lives.
  public var memory: Memory { workspace.memory }
  public var pass: Pass { Pass(memory: memory, rows: rows, mode: mode, position: position) }

  // MARK: running

  @discardableResult public func forward() -> Bool { plan.forward(pass) }
  @discardableResult public func backward() -> Bool { plan.backward(pass) }
  public func commit() { plan.commit(pass) }

  /// The mean loss of the outputs; leaves its gradient where `backward` reads it.
  public func loss() -> LossSum {
    precondition(targets.count == outputs.count, "a target for each output")
    return targets.withUnsafeBufferPointer { targets in
      recipe.loss.member.mean(
        LossBatch(
          outputs: memory[plan.output.value], targets: targets.baseAddress!,
          gradient: memory[plan.output.gradient!], rows: rows, columns: plan.output.shape.count,
          positions: plan.output.shape.leading))
    }
  }

  /// The mask a dropout layer uses at this position: what it makes of ones.
  public func mask(of layer: String) -> [Float] {
    let operation = operation(layer)
    let kept = self[operation.inputs[0].value]
    self[operation.inputs[0].value] = [Float](repeating: 1, count: kept.count)
    _ = operation.forward(pass)
    self[operation.inputs[0].value] = kept
    return self[operation.output.value]
  }

  // MARK: numbers by name

  /// Floats in use of a buffer.
  public subscript(buffer: Buffer) -> [Float] {
    get {
      Array(UnsafeBufferPointer(start: memory[buffer], count: buffer.count(rows: rows)))
    }
    set {
      precondition(newValue.count == buffer.count(rows: rows), "as many as the buffer has")
      newValue.withUnsafeBufferPointer {
        memory[buffer].update(from: $0.baseAddress!, count: $0.count)
      }
    }
  }

  public var inputs: [Float] {
    get { self[plan.input.value] }
    set { self[plan.input.value] = newValue }
  }

  public var outputs: [Float] { self[plan.output.value] }

  public var outputGradient: [Float] {
    get { self[plan.output.gradient!] }
    set { self[plan.output.gradient!] = newValue }
  }

  /// A parameter by name: `dense-1.weight`.
  public func parameter(_ name: String) -> Parameter {
    guard let parameter = plan.parameters.first(where: { $0.name == name }) else {
      preconditionFailure("no parameter \(name)")
    }
    return parameter
  }

  /// Every parameter's value.
  public var parameters: [String: [Double]] {
    Dictionary(
      uniqueKeysWithValues: plan.parameters.map { ($0.name, self[$0.buffer].map(Double.init)) })
  }

  /// The gradient of a parameter.
  public func gradient(_ name: String) -> [Float] { self[parameter(name).buffer.gradient] }

  /// The kernel of a layer.
  public func operation(_ layer: String) -> Plan.Operation {
    guard let operation = plan.operations.first(where: { $0.layer == layer }) else {
      preconditionFailure("no layer \(layer) among \(layers)")
    }
    return operation
  }

  /// Layers that compute something, in forward order.
  public var layers: [String] { plan.operations.map(\.layer) }
  public func output(of layer: String) -> [Float] { self[operation(layer).output.value] }
  public func gradient(of layer: String) -> [Float] { self[operation(layer).output.gradient!] }

  /// Σ of the squares of a buffer, in Double.
  public func squares(_ buffer: Buffer) -> Double {
    let values = UnsafeBufferPointer(start: memory[buffer], count: buffer.count(rows: rows))
    return values.reduce(0) { $0 + Double($1) * Double($1) }
  }

  /// Fills a buffer from a standard normal distribution.
  public func randomize(_ buffer: Buffer, _ random: inout Random) {
    random.fill(pass.values(buffer), normalWithMean: 0, std: 1)
  }
}
