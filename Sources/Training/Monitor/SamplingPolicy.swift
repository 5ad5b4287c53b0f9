/// How a run is sampled while it trains: dear probes look at it between two steps, as often as a
/// share of the time allows.
///
/// Which steps are sampled depends on the machine; what is trained does not.
public struct SamplingPolicy: Sendable {
  /// The share of the time that the probes may take: 0.02 for one part in fifty; from 0, which buys
  /// nothing, to 1.
  public let budget: Double
  let keep: @Sendable ([Run.Sample]) -> Void

  /// - Parameter budget: what is not from 0 to 1 is brought there.
  /// - Parameter keep: told what was measured, on the run's own thread; the run waits.
  public init(budget: Double, keep: @escaping @Sendable ([Run.Sample]) -> Void) {
    (self.budget, self.keep) = (budget > 0 ? min(budget, 1) : 0, keep)
  }
}
