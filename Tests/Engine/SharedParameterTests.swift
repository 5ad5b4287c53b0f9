import KeelData
import KeelEngine
import Testing

/// One parameter in two kernels: one buffer, one gradient, which is the sum of both.
@Suite struct SharedParameterTests {
  /// y = w·x, number by number; its backward pass overwrites the gradient of w, as all kernels do.
  struct Scale: Kernel {
    let input, output: Signal
    let weight: Buffer

    func forward(_ pass: Pass) -> Bool {
      for index in 0..<output.value.count(rows: pass.rows) {
        pass[output.value][index] = pass[weight][0] * pass[input.value][index]
      }
      return true
    }

    func backward(_ pass: Pass, _ accumulation: Accumulation) -> Bool {
      let gradient = pass[gradientOf: output]
      var sum: Float = 0
      for index in 0..<output.value.count(rows: pass.rows) {
        sum += gradient[index] * pass[input.value][index]
        if let target = input.gradient { pass[target][index] = gradient[index] * pass[weight][0] }
      }
      pass[weight.gradient][0] = sum
      return true
    }
  }

  /// `times` layers in a row, all with the weight of the first.
  private static func plan(times: Int) throws -> Plan {
    var planner = Planner(capacity: 4)
    let input = try planner.input(Shape(3))
    var signal = input
    for _ in 0..<times {
      let layer = planner.name("scale")
      let weight = try planner.parameter("scale-1", "weight", Shape(1), role: .weight) {
        values, _ in
        values[0] = 3
      }
      let output = try planner.signal(layer, Shape(3))
      planner.add(
        Scale(input: signal, output: output, weight: weight), layer, reads: [signal],
        writes: output, parameters: [weight])
      signal = output
    }
    return try planner.plan(input: input, output: signal, slots: 0)
  }

  /// y = wⁿ·x, so ∂y/∂w = n·wⁿ⁻¹·x; run twice, for what is kept aside must not add up.
  @Test(arguments: [1, 2, 3]) func gradientsAddUp(_ times: Int) throws {
    let plan = try Self.plan(times: times)
    #expect(plan.parameters.count == 1)
    let workspace = try Workspace(plan)
    plan.initialize(workspace.memory, seed: 0)
    let pass = Pass(memory: workspace.memory, rows: 1, mode: .training, position: 0)
    for _ in 0..<2 {
      for (index, value) in [Float(1), 2, 5].enumerated() {
        pass[plan.input.value][index] = value
        pass[gradientOf: plan.output][index] = 1
      }
      _ = plan.forward(pass)
      #expect(plan.backward(pass))
      let power = (1..<times).reduce(Float(1)) { product, _ in product * 3 }
      #expect(pass[plan.parameters[0].buffer.gradient][0] == Float(times) * power * 8)
    }
  }

  @Test func anotherShapeIsRefused() throws {
    var planner = Planner(capacity: 4)
    _ = try planner.parameter("a-1", "weight", Shape(2, 3), role: .weight) { _, _ in }
    let error = try #require(throws: KeelError.self) {
      _ = try planner.parameter("a-1", "weight", Shape(3, 2), role: .weight) { _, _ in }
    }
    #expect(error.description.contains("cannot be shared by a layer that needs 3 × 2"))
  }
}
