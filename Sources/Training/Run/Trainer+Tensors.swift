import KeelData
import KeelEngine

// What a loop of one's own reads and writes between two steps.

extension Trainer {
  package func tensor(_ name: String) -> Tensor? {
    let plan = trainingStep.plan
    return plan.networkTensors.first { $0.name == name }?.tensor(in: trainingStep.memory.base, plan)
  }

  package func gradient(of name: String) -> Tensor? {
    let parameters = trainingStep.plan.parameters
    guard trainingStep.hasGradients, let index = parameters.firstIndex(where: { $0.name == name })
    else {
      return nil
    }
    let parameter = parameters[index]
    let factor = trainingStep.gradients.factor(index)
    let values = UnsafeBufferPointer(
      start: trainingStep.memory[parameter.buffer.gradient], count: parameter.buffer.count)
    return Tensor(
      name: name, shape: parameter.shape, values: values.map { $0 * factor })
  }

  package func set(_ tensors: [Tensor]) throws {
    let names = Set(tensors.map(\.name))
    let places = trainingStep.plan.networkTensors.filter { names.contains($0.name) }
    let known = try places.matched(
      with: tensors, in: "this run's network", fix: "give tensors of its names and shapes")
    if let lost = tensors.first(where: { !$0.values.allSatisfy(\.isFinite) }) {
      throw KeelError(
        .invalid, at: lost.name, "holds a number that is not finite", fix: "give finite numbers")
    }
    for (tensor, place) in zip(known, places) { trainingStep.write(tensor, at: place) }
  }
}
