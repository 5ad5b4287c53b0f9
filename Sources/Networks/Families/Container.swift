import KeelEngine
import KeelSettings

/// A layer made of layers.
package protocol Container: Layer {
  var layers: [Choice<Layers>] { get set }
  /// How often the layers stand in the network.
  var times: Int { get }
}

extension Container {
  package var times: Int { 1 }
}

extension [Choice<Layers>] {
  /// How many layers the network has once repeats are expanded; containers count too.
  package var expandedCount: Int {
    reduce(0) { total, choice in
      guard let container = choice.ingredient as? any Container else { return saturated(total, 1) }
      let (inner, overflow) = container.layers.expandedCount
        .multipliedReportingOverflow(by: container.times)
      return saturated(saturated(total, 1), overflow ? .max : inner)
    }
  }

  private func saturated(_ a: Int, _ b: Int) -> Int {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? .max : sum
  }
}
