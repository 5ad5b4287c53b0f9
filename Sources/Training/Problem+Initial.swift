import KeelData
import KeelEngine
import KeelRecipes

// Weights that a training begins with in place of those that it draws.

extension Problem {
  /// The tensors to begin with, by name.
  package var initialByName: [String: Tensor] {
    Dictionary(initial.map { ($0.name, $0) }) { first, _ in first }
  }
}

extension Recipe {
  /// The tensors that the recipe begins with.
  /// - Parameter given: those of a program; they may be a part of the network.
  /// - Throws: `KeelError` that names each tensor of a file that is missing, of another shape, or
  ///   unknown; and of a program's each of the last two.
  func initialTensors(_ given: [Tensor], row: Shape) throws -> [Tensor] {
    let (tensors, place): ([Tensor], String)
    switch initial.value {
    case nil: return []
    case .memory:
      guard !given.isEmpty else {
        throw KeelError(
          .invalid, at: "initial",
          "the weights are those that a program gives, and none were given",
          fix: "name a safetensors file; in Swift give them: Problem(recipe, train: …, initial: …)")
      }
      (tensors, place) = (given, "initial")
    case .file(let name):
      let path = name.hasPrefix("/") ? name : "\(folder)/\(name)"
      let file = try Safetensors(SafetensorsHeader(path))
      // A checkpoint also holds what goes on with a training.
      (tensors, place) = (file.tensors.filter { !Checkpoint.isSeries($0.name) }, path)
    }
    let network = try plan(row: row, capacity: 1)
    let (parameters, all) = (network.parameters, network.networkTensors)
    let names = Set(tensors.map(\.name))
    // Statistics that nobody kept begin anew; a program's part of a network is a part.
    let isPart = initial.value == .memory
    let wanted = all.filter { place in
      names.contains(place.name) || (!isPart && parameters.contains { $0.name == place.name })
    }
    do {
      try wanted.check(
        tensors.map { ($0.name, $0.shape) }, in: "the recipe's network",
        fix: "use weights of a network of these layers; in Swift a part of them will do: "
          + "Problem(recipe, train: …, initial: …)")
    } catch var error as KeelError {
      error.place = "\(place): \(error.place)"
      throw error
    }
    if let tensor = tensors.first(where: { !$0.values.allSatisfy(\.isFinite) }) {
      throw KeelError(
        .invalid, at: "\(place): \(tensor.name)", "holds a number that is not finite",
        fix: "use weights from before the network was lost")
    }
    return tensors
  }
}

extension TrainingStep {
  /// Writes the tensors that a problem begins with over those that were drawn.
  func begin(with problem: Problem) throws {
    guard problem.recipe.initial.value != nil else { return }
    guard !problem.initial.isEmpty else {
      throw KeelError(
        .invalid, at: "initial", "the weights have not been read",
        fix: "make the problem of this recipe: Problem(recipe), or Problem(recipe, train: …, "
          + "initial: …) with those that it began with")
    }
    let given = problem.initialByName
    for place in plan.networkTensors {
      guard let tensor = given[place.name], tensor.shape == place.shape else { continue }
      write(tensor, at: place)
    }
  }

  /// Writes a tensor where it belongs.
  func write(_ tensor: Tensor, at place: TensorPlace) {
    _ = UnsafeMutableBufferPointer(start: memory[place.buffer], count: place.buffer.count)
      .update(fromContentsOf: tensor.values)
  }
}
