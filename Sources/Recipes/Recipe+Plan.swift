import KeelEngine
import KeelNetworks

extension Recipe {
  /// The network compiled for rows of a shape: shapes checked, buffers placed.
  /// - Parameters:
  ///   - row: the shape of one row of the data.
  ///   - capacity: the largest batch.
  ///   - keepsGradients: whether gradients with respect to layer outputs are still there after a
  ///     backward pass, instead of sharing memory.
  /// - Throws: `KeelError` where shapes do not fit, or the memory would not do.
  package func plan(row: Shape, capacity: Int, keepsGradients: Bool = false) throws -> Plan {
    try validate(at: "recipe")
    var shape = row
    if let axes = input.value {
      guard !axes.isEmpty else {
        throw KeelError(
          .invalid, at: "input", "has no axes", fix: "give the shape of a row, or leave it out")
      }
      shape = Shape(axes)
      guard shape.count == row.count else {
        throw KeelError(
          .invalid, at: "input",
          "[\(shape)] has \(shape.count) numbers, a row of the data [\(row)]",
          fix: "give a shape whose product is \(row.count)")
      }
    }
    var network = NetworkBuilder(
      planner: Planner(capacity: capacity, keepsGradients: keepsGradients),
      initializer: initializer.member, seed: seed)
    let input = try network.planner.input(shape)
    let output = try network.plan(model, at: "model", input)
    guard output.gradient != nil else {
      throw KeelError(
        .invalid, at: "model", "computes nothing: its output is its input",
        fix: "add a layer with parameters, such as '- dense: 10'")
    }
    let plan = try network.planner.plan(
      input: input, output: output, slots: optimizer.member.initialSlots.count)
    guard !plan.parameters.isEmpty else {
      throw KeelError(
        .invalid, at: "model", "has no parameters to train",
        fix: "add a layer with parameters, such as '- dense: 10'")
    }
    return plan
  }
}
