import KeelRecipes

extension Evidence {
  /// The recipe with factors reset; nil where one cannot be.
  ///
  /// One reset may depend on another (He or Xavier, by the activation), so they go round until
  /// nothing changes, which takes two rounds.
  package func resetting(_ factors: [Factor]) -> Evidence? {
    var changed = self
    for _ in 0..<2 {
      for factor in factors {
        guard let reset = factor.reset(changed) else { return nil }
        changed = changed.with(reset)
      }
    }
    return changed
  }
}
