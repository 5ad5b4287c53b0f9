import KeelRecipes

/// What is known of a run: how it began, every step, how it ended, and what it came back from.
package struct RunRecord {
  /// What the run began with; healing may have changed its recipe since.
  package internal(set) var start: Recipe
  package internal(set) var trace: Trace
  package internal(set) var explosion: Explosion?
  /// The step whose state the network has after an explosion.
  package internal(set) var rewoundTo: Int?
  /// Each time the run went back and on, the first one first.
  package internal(set) var recoveries: [Training.Recovery] = []
  /// What all calls of `train` took together.
  var spent = (steps: 0, time: Duration.zero)

  init(start: Recipe, _ trace: Trace) { (self.start, self.trace) = (start, trace) }
}
