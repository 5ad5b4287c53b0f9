/// One step: sizes of what it keeps, as ln of mean squares, and what it makes of gradients.
protocol StepTheory {
  /// E h².
  var state: Double { get }
  /// The state's mean over its root mean square.
  var mean: Double { get }
  /// E c²; −∞ where there is no cell.
  var cell: Double { get }
  /// What multiplies the gradient of the pre-activation on its way to the recurrent weight.
  var feed: Double { get }
  /// The gradient of the pre-activation that carries most, and what reaches state and cell before
  /// without any weight.
  func pull(_ wave: Wave) -> (gate: SIMD2<Double>, before: Wave)
}

extension StepTheory {
  var mean: Double { 0 }
  var cell: Double { -.infinity }
  var feed: Double { 1 }
}
