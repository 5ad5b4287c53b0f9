extension Trace {
  /// Tells the steps so far as whoever had watched would have been told them.
  ///
  /// Layers are told in the steps that `measures` has a row of.
  /// - Parameter total: steps in the whole run.
  package func replay(total: Int, _ tell: (Run.Step) -> Void) {
    let events = Dictionary(grouping: events.filter { $0.kind != .recovery }, by: \.step)
    let tellsLayers = measures.contains { !$0.isNaN }
    let (norms, ratios) = (column(of: GradientNorm.self), column(of: UpdateRatio.self))
    for step in 0..<count {
      let row = step % stride == 0 ? measuresRow(step / stride) : nil
      var measures: [String: LayerMeasures] = [:]
      if let row, !wasSkipped(step) {
        for (place, layer) in layers.enumerated() {
          // The ratio is what is known of update and weight.
          measures[layer] = LayerMeasures(
            gradientNorm: norms.map { Double(row[$0 + place]) } ?? .nan,
            updateNorm: ratios.map { Double(row[$0 + place]) } ?? .nan, weightNorm: 1)
        }
      }
      tell(
        Run.Step(
          self, at: step, events[step] ?? [], tellsLayers: tellsLayers, measures, total: total))
    }
  }

  /// Where a probe's numbers begin in a row of measures; nil where it is not among the probes.
  private func column<P: Probe>(of probe: P.Type) -> Int? {
    probes.firstIndex { $0 == probe }.map { $0 * layers.count }
  }

  private func measuresRow(_ row: Int) -> [Float]? {
    let width = layers.count * probes.count
    let range = row * width..<(row + 1) * width
    return range.upperBound <= measures.count ? Array(measures[range]) : nil
  }
}
