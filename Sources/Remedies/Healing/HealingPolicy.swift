/// What a run does when it explodes, in place of stopping.
///
/// **Definition** It goes back to the newest state in which every number was finite and the loss
/// had not left, and tries from there, the cheapest first: nothing but going back (a fault that is
/// not in the recipe does not come back; from an older state too, because the newest may be damaged
/// already), then without the batch that the gradient leapt in, or without the rows of it that are
/// unlike all others, then each hot remedy in its strengths, the mildest first. An attempt is
/// proven by not exploding until `proof` steps beyond where the run was lost, with a loss as it was
/// before. Of several that hold, and none of which comes back to that loss, the one with the lowest
/// is taken.
///
/// What is left out stays out, however often the run goes back or is resumed. Up to the state it
/// went back to the run is bit for bit what it would have been. Each recovery is in
/// `Training.recoveries` and in the trace.
public struct HealingPolicy: Sendable {
  /// How often a run goes on after an explosion; those before it was resumed count.
  public var recoveries = 3
  /// Steps that an attempt must hold beyond the step at which the run was lost.
  ///
  /// Of the shared cases that reach a non-finite value all do so within 36 steps of where they
  /// begin.
  public var proof = 100
  /// Only those that are hot are tried.
  public var remedies = RemedyCatalog.standard

  public init() {}

  public init(recoveries: Int, proof: Int = 100, remedies: RemedyCatalog = .standard) {
    (self.recoveries, self.proof, self.remedies) = (recoveries, proof, remedies)
  }

  /// A loss up to this many times what it was counts as come back, and so does one that is next to
  /// nothing (`Trainer.lossFloor`).
  ///
  /// What holds and stays above is not lost for it: it is taken where nothing else comes back.
  static let tolerance = 1.5
}
