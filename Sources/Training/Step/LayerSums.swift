import KeelEngine
import KeelNetworks

/// Squares summed over the parameters of each layer, in one step.
package struct LayerSums: Sendable {
  /// One a layer, in plan order.
  package private(set) var sums: [Sums]
  private let layerOfParameter: [Int]

  package struct Sums: Sendable {
    /// Before clipping.
    package var gradient = 0.0
    package var update = 0.0
    package var weight = 0.0

    package init(gradient: Double = 0, update: Double = 0, weight: Double = 0) {
      (self.gradient, self.update, self.weight) = (gradient, update, weight)
    }

    /// Those that somebody else has taken the roots of.
    package init(_ measures: LayerMeasures) {
      gradient = measures.gradientNorm * measures.gradientNorm
      update = measures.updateNorm * measures.updateNorm
      weight = measures.weightNorm * measures.weightNorm
    }

    /// Of a step that changed no weights.
    package static let unknown = Sums(gradient: .nan, update: .nan, weight: .nan)
  }

  init(_ plan: Plan) {
    let layers = plan.layers
    layerOfParameter = plan.parameters.map {
      layers.firstIndex(of: $0.layer).required("a parameter has a layer")
    }
    sums = Array(repeating: Sums(), count: layers.count)
  }

  /// Begins a step with its gradients.
  mutating func begin(_ gradients: Gradients) {
    for index in sums.indices { sums[index] = Sums() }
    for index in gradients.indices {
      sums[layerOfParameter[index]].gradient += gradients.squares(index)
    }
  }

  /// Adds what the update of a parameter came to.
  mutating func add(_ measure: UpdateMeasure, ofParameter index: Int) {
    sums[layerOfParameter[index]].update += measure.updateSquares
    sums[layerOfParameter[index]].weight += measure.weightSquares
  }

  /// Whether no gradient reached the first layer: it has less than 1e-3 of the last one's.
  var isFirstWithoutGradient: Bool {
    sums.count > 1 && sums[0].gradient < 1e-6 * sums[sums.count - 1].gradient
  }
}
