import KeelEngine
import KeelNetworks
import KeelSettings

extension Recipe {
  /// Refuses what a file of the recipe would be refused for, or would lose: numbers out of range,
  /// somebody's own that is called as what comes with Keel, or that has settings in no field. (It
  /// would train, and what is kept of it could not be read, or would be another.)
  package func checkSettings() throws {
    guard own.value == nil else {
      throw KeelError(
        .invalid, at: "settings", "are those of a study's program, and this names no program",
        fix: "remove them, or write a study: 'keel show --template study' prints one")
    }
    try checkNames(.standard)
    let own = ingredientsWithin.map { type(of: $0) as any Ingredient.Type }
    let catalog =
      Catalog.standard
      + own.filter { type in
        !Catalog.standard.types.contains { $0 == type }
      }
    _ = try Recipe(written, catalog: catalog)
    for ingredient in ingredientsWithin {
      let path = type(of: ingredient).name
      try ingredient.checkFields(SettingsReader(catalog: catalog, path: path))
    }
  }

  private func checkNames(_ catalog: Catalog) throws {
    try catalog.check(data, at: "data")
    try catalog.check(initializer, at: "initializer")
    try catalog.check(loss, at: "loss")
    try catalog.check(optimizer, at: "optimizer")
    try catalog.check(schedule, at: "schedule")
    for clip in clipping.choices { try catalog.check(clip, at: "clipping") }
    for penalty in regularizer.choices { try catalog.check(penalty, at: "regularizer") }
    try catalog.check(model, at: "model")
  }
}

extension Catalog {
  /// Layer by layer, and those within.
  fileprivate func check(_ layers: [Choice<Layers>], at place: String) throws {
    for (index, layer) in layers.enumerated() {
      try check(layer, at: "\(place)[\(index)]")
      if let container = layer.ingredient as? any Container {
        try check(container.layers, at: "\(place)[\(index)].\(layer.name).layers")
      }
    }
  }
}
