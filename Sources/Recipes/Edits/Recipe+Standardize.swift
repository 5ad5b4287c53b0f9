extension Recipe {
  /// The same recipe with these standardised besides those that are.
  package func standardizing(inputs: Bool, targets: Bool) -> Recipe {
    var recipe = self
    recipe.standardize =
      switch (inputs || standardize.includesInputs, targets || standardize.includesTargets) {
      case (true, true): .both
      case (true, false): .inputs
      case (false, true): .targets
      case (false, false): .none
      }
    return recipe
  }
}
