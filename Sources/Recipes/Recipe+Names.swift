import KeelEngine
import KeelNetworks
import KeelSettings

extension Recipe {
  /// Refuses somebody's own that is called as what comes with Keel: it would train, and what is
  /// kept of it could not be read.
  package func checkNames() throws {
    let catalog = Catalog.standard
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
