import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings

/// The recurrent weights are too large for the steps they are applied in: the chain rule multiplies
/// by them once per step of the sequence.
///
/// **Definition** The largest singular value of a recurrent weight as it begins, gate by gate, the
/// largest of all layers whose sequences have more than one step; it deviates above 1. See
/// `Guides/Causes/LongRecurrence.md`.
///
/// **References** Bengio et al., 1994; Pascanu et al., ICML 2013, §2.1: with tanh, gradients cannot
/// explode where it is at most 1.
public enum LongRecurrence: Cause {
  public static let name = "long-recurrence"
  public static let summary = "recurrent weights above 1 are multiplied once per step in time"

  public static func deviation(in evidence: Evidence) -> Deviation? {
    let norms = evidence.recipe.recurrences(row: evidence.problem.rows.train.shape).filter {
      $0.steps > 1
    }
    .map { (layer: $0.weight.layer, norm: evidence.recipe.spectralNorm(of: $0.weight)) }
    guard let worst = norms.max(by: { $0.norm < $1.norm }), worst.norm > ReferencePoint.recurrence
    else {
      return nil
    }
    return Deviation(
      quantity: "largest singular value of the recurrent weight", value: worst.norm, reference: 1,
      layer: worst.layer)
  }

  public static func reset(_ evidence: Evidence) -> Recipe? {
    evidence.recipe.withOrthogonalRecurrence
  }

  public static let guilty: [Recipe] = [
    sequence(.recurrent(24, recurrentInitializer: .orthogonal(gain: 1.5), activation: .linear), 30),
    sequence(.recurrent(24, recurrentInitializer: .orthogonal(gain: 3), activation: .relu), 30),
    sequence(.recurrent(24, recurrentInitializer: .normal(std: 0.4), activation: .linear), 30),
  ]

  public static let innocent: [Recipe] = [
    sequence(.recurrent(24, activation: .linear), 60),
    sequence(.recurrent(24, recurrentInitializer: .orthogonal(gain: 1.2), activation: .relu), 6),
    sequence(.recurrent(24, recurrentInitializer: .orthogonal(gain: 1.2)), 20),
  ]

  /// One number a step; the target is a weighted sum of all of them.
  private static func sequence(_ layer: Choice<Layers>, _ steps: Int) -> Recipe {
    Recipe(
      name: "\(layer.name)-\(steps)", data: .regression(samples: 256, features: steps, noise: 0.1),
      input: [steps, 1], standardize: .targets, model: [layer, .dense(1)],
      loss: .meanSquaredError, optimizer: .sgd(learningRate: 0.003),
      training: .init(epochs: 60, batch: 32))
  }
}

extension Recipe {
  /// The recurrent weights of the network, and how many steps they are applied in; empty where it
  /// cannot be planned.
  package func recurrences(row: Shape) -> [(weight: Parameter, steps: Int)] {
    guard let plan = try? plan(row: row, capacity: 1) else { return [] }
    return plan.parameters.filter(\.isRecurrent).compactMap { weight in
      plan.operations.first { $0.layer == weight.layer }
        .map { (weight, $0.inputs[0].shape.axes[0]) }
    }
  }
}
