import KeelNetworks
import KeelSettings

/// A real number in a recipe, and where it stands.
///
/// Whole numbers are none: they count units, steps or rows, and are what a network is.
package struct NumberSetting {
  /// `optimizer.adam.epsilon`, `model[1].repeat.layers[0].batch-norm.momentum`.
  package let path: String
  /// What it is a setting of.
  package let ingredient: any Ingredient
  package let name: String
  package let value: Double
  /// Its default; nil where it must be given.
  package let standard: Double?
}

extension Recipe {
  /// Every real number of the layers, their activations, the loss, the optimizer, the clips and the
  /// regularizers, in that order. (Of schedules and initializers the numbers mean nothing alone.)
  package var numbers: [NumberSetting] {
    var all: [NumberSetting] = []
    _ = changingNumbers { setting in
      all.append(setting)
      return setting.value
    }
    return all
  }

  /// The same recipe with other numbers.
  package func changingNumbers(_ change: (NumberSetting) -> Double) -> Recipe {
    var recipe = self
    recipe.model = Self.changing(model, "model", change)
    recipe.loss = Self.changing(loss, "loss", change)
    recipe.optimizer = Self.changing(optimizer, "optimizer", change)
    recipe.clipping = Self.changing(clipping, "clipping", change)
    recipe.regularizer = Self.changing(regularizer, "regularizer", change)
    return recipe
  }

  private static func changing<F: Family>(
    _ chain: Chain<F>, _ place: String, _ change: (NumberSetting) -> Double
  ) -> Chain<F> {
    let isOne = chain.choices.count == 1
    return Chain(
      chain.choices.enumerated().map { index, choice in
        changing(choice, isOne ? place : "\(place)[\(index)]", change)
      })
  }

  private static func changing<F: Family>(
    _ choice: Choice<F>, _ place: String, _ change: (NumberSetting) -> Double
  ) -> Choice<F> {
    Choice(changing(choice.ingredient, place, change))
  }

  private static func changing(
    _ ingredient: any Ingredient, _ place: String, _ change: (NumberSetting) -> Double
  ) -> any Ingredient {
    let path = "\(place).\(type(of: ingredient).name)"
    let standards = Dictionary(
      uniqueKeysWithValues: ingredient.numbers.map { ($0.name, $0.standard) })
    return ingredient.changingNumbers { name, value in
      change(
        NumberSetting(
          path: "\(path).\(name)", ingredient: ingredient, name: name, value: value,
          standard: standards[name] ?? nil))
    }
  }

  private static func changing(
    _ layers: [Choice<Layers>], _ place: String, _ change: (NumberSetting) -> Double
  ) -> [Choice<Layers>] {
    layers.enumerated().map { index, choice in
      let path = "\(place)[\(index)].\(choice.name)"
      if var container = choice.ingredient as? any Container {
        container.layers = changing(container.layers, "\(path).layers", change)
        return Choice(container)
      }
      var ingredient = changing(choice.ingredient, "\(place)[\(index)]", change)
      if var layer = ingredient as? any Activated {
        layer.activation = changing(layer.activation, "\(path).activation", change)
        ingredient = layer
      }
      return Choice(ingredient)
    }
  }
}
