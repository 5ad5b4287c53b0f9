import Foundation
import KeelNetworks
import KeelSettings

// Walking through a model, containers included, and changing it on the way.

extension Recipe {
  /// Every layer that is not a container, in the order of the network, repeats expanded.
  public var leaves: [Choice<Layers>] { model.leaves }

  /// The same recipe with each layer that is not a container replaced by what `change` makes of it.
  public func replacingLeaves(
    _ change: (Choice<Layers>) -> [Choice<Layers>]
  ) -> Recipe {
    var recipe = self
    recipe.model = model.replacingLeaves(change)
    return recipe
  }

  /// The same recipe with the last layer replaced; it must not be a container.
  public func replacingLast(
    _ change: (Choice<Layers>) -> [Choice<Layers>]
  ) -> Recipe {
    guard let last = model.last, !(last.ingredient is any Container) else { return self }
    var recipe = self
    recipe.model = model.dropLast() + change(last)
    return recipe
  }
}

extension [Choice<Layers>] {
  package var leaves: [Choice<Layers>] {
    flatMap { choice -> [Choice<Layers>] in
      guard let container = choice.ingredient as? any Container else { return [choice] }
      return (0..<container.times).flatMap { _ in container.layers.leaves }
    }
  }

  func replacingLeaves(_ change: (Choice<Layers>) -> [Choice<Layers>]) -> [Choice<Layers>] {
    flatMap { choice -> [Choice<Layers>] in
      guard var container = choice.ingredient as? any Container else { return change(choice) }
      container.layers = container.layers.replacingLeaves(change)
      return [Choice(container)]
    }
  }
}

extension Activation {
  /// √E[φ′(z)²] for a standard normal z: what the norm of a gradient is multiplied by on its way
  /// through; nil for an activation that is not element-wise.
  ///
  /// **References** Schoenholz et al., *Deep information propagation*, ICLR 2017, χ₁ without σ_w².
  public var rootMeanSquareSlope: Double? {
    guard let elementwise = self as? any ElementwiseActivation else {
      if let prelu = self as? PReLU { return (0.5 + 0.5 * prelu.slope * prelu.slope).squareRoot() }
      return self is Linear ? 1 : nil
    }
    // Midpoints of 1,600 cells over ±8, where all but 1e-15 of the distribution lies.
    let points = (0..<1600).map { Float(-8 + (Double($0) + 0.5) / 100) }
    let slopes = elementwise.kernel.slopes(at: points)
    var (sum, weights) = (0.0, 0.0)
    for (point, slope) in zip(points, slopes) {
      let weight = exp(-Double(point) * Double(point) / 2)
      sum += weight * Double(slope) * Double(slope)
      weights += weight
    }
    return (sum / weights).squareRoot()
  }
}
