import KeelRecipes

/// The point that factors are held against: fixed, and blind to how a training fares.
public enum Reference {
  /// 0.01 for SGD and Adagrad, 0.001 for the kinds of Adam and RMSprop.
  public static func learningRate(_ optimizer: any Optimizer) -> Double {
    optimizer is SGD || optimizer is Adagrad ? 0.01 : 0.001
  }

  /// The recipe with every factor that Keel knows at its reference.
  public static func recipe(for recipe: Recipe) -> Recipe {
    CauseCatalog.standard.causes.reduce(recipe.referencePoint) { $1.reset($0) }
  }
}
