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
