import Foundation
import KeelReport

/// One picture of each kind: a network of twenty layers that is lost at step 431.
enum PictureExamples {
  static let layers = (1...20).map { "dense-\($0)" }
  static let offender = FirstOffender(
    "NaN", layer: "dense-7", step: 431, cause: "large-learning-rate")

  static func wave(_ count: Int, _ shift: Int = 0) -> [Float] {
    (0..<count).map { Float(($0 * 7919 + shift * 104_729) % 1000) / 1000 + 0.01 }
  }

  static var lossThatIsLost: [Float] {
    wave(431) + [Float](repeating: .nan, count: 20)
  }

  static func all(layers: [String] = layers, steps: Int = 520) -> [any Picture] {
    let loss = StepSeries(Array(lossThatIsLost.prefix(steps)))
    let norms = layers.indices.map { wave(steps, $0).map { log10($0) } }
    let pictures: [(any Picture)?] = [
      HeatMap(layers: layers, logNorms: norms, offender: offender),
      Curves(
        loss: [loss, StepSeries(wave(steps), first: 400)], gradientNorm: [loss], clippedNorm: loss,
        marks: [
          StepMark(.alarm, step: 420), StepMark(.snapshot, step: 400),
          StepMark(.skipped, step: 425),
          StepMark(.rewind(to: 400), step: 431),
        ], offender: offender),
      Gains(layers.map { Gains.Layer($0, forward: 1.5, backward: 2.8, backwardTheory: 2.83) }),
      TruthTablePicture(
        factors: Array(layers.prefix(5)),
        experiments: TruthTablePicture.Outcome.allCases.map {
          .init(isKept: [true, false, true, false, true], outcome: $0, steps: 647)
        }),
      Tournament(
        layers.enumerated().map { index, name in
          .init(name, end: 50 * (index + 1), ending: index % 2 == 0 ? .exploded : .stopped)
        }),
      UpdateRatios(
        layers: layers, ratios: layers.indices.map { StepSeries(wave(steps, $0)) },
        offender: offender),
      Exponents([
        .init("weights", counts: [-6: 100, -5: 300, -4: 50], zeros: 3),
        .init(layers[0], counts: [-30: 4, -20: 70, 17: 2], nonFinite: 12),
      ]),
      ClipActivity(before: loss, after: StepSeries(loss.values.map { min($0, 0.5) }), limit: 0.5),
    ]
    return pictures.compactMap { $0 }
  }
}
