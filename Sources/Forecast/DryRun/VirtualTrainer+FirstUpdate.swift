import CKernels
import Foundation

extension VirtualTrainer {
  /// The largest multiple of the first update that does not raise the loss over the sample: forward
  /// passes only, and on small networks within ×2.8 of the largest rate that learns.
  func firstUpdateEdge() -> Double? {
    reset()
    let before = parameters
    guard case .done = advance(step: 0, updates: 0) else { return nil }
    var direction = parameters
    keel_axpy(-1, before, &direction, direction.count)
    var search = EdgeSearch()
    var probes = 0
    search.run(
      guess: 1, range: EdgeSearch.range, resolution: 1.5, isAffordable: { probes < 10 },
      holds: { factor in
        probes += 1
        return sampleLoss(from: before, along: direction, factor) < initialLoss
      })
    // Where every step along it raises the loss, one batch tells nothing of the others.
    return search.holding
  }

  /// The loss over the sample, a way along a direction.
  fileprivate func sampleLoss(
    from point: [Float], along direction: [Float], _ factor: Double
  ) -> Double {
    var moved = point
    keel_axpy(Float(factor), direction, &moved, moved.count)
    moved.withUnsafeBufferPointer {
      keel_copy($0.baseAddress, trainingStep.firstParameter, $0.count, 0)
    }
    return sampleLoss()
  }
}
