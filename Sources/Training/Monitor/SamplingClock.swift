/// Which probe is due, and what it may cost.
///
/// Each has an equal share of the budget, so that a dear one is seldom and a cheap one often: it
/// looks again as soon as its share has room for what it took the last time. None looks more than
/// `most` times in a run, nor has it more than `numbers` in all; one a step at the most.
package struct SamplingClock {
  private let policy: SamplingPolicy?
  private var meters: [Meter]
  /// How long, and for how many steps, the training has gone on since it is looked at.
  private var watched = Duration.zero
  private var steps = 0
  private var last = ContinuousClock.now
  /// Looks of a probe in a run, at the most: as many as a curve shows.
  private static let most = 256
  /// Of a probe in a run, at the most: a network of a thousand layers is looked at less often.
  private static let numbers = 1 << 15
  /// Training before the first look: what one costs is then little beside it.
  private static let least = Duration.milliseconds(20)

  private struct Meter {
    var probe: any SampledProbe
    var spent = Duration.zero
    /// Of the last look; nil before the first.
    var price: Duration?
    /// The step from which on it may look again.
    var next = 0
  }

  package init(_ policy: SamplingPolicy?, _ catalog: SampledProbeCatalog = .standard) {
    self.policy = policy
    meters = policy == nil ? [] : catalog.probes.map { Meter(probe: $0.init()) }
  }

  /// What went by until now was no training; the run goes on from a step.
  package mutating func resume(at step: Int) {
    last = .now
    for place in meters.indices { meters[place].next = min(meters[place].next, step) }
  }

  /// Between two steps: lets a probe look if it is time.
  package mutating func look(at trainer: Trainer) {
    guard let policy, !meters.isEmpty else { return }
    let now = ContinuousClock.now
    watched += now - last
    last = now
    steps += 1
    let step = trainer.step - 1
    guard trainer.explosion == nil, watched >= Self.least, !trainer.trace.wasSkipped(step) else {
      return
    }
    let share = policy.budget / Double(meters.count)
    let due = meters.indices.first { place in
      let meter = meters[place]
      let price = meter.price ?? watched / steps * type(of: meter.probe).steps
      return meter.next <= step && meter.spent + price <= watched * share
    }
    guard let due else { return }
    let samples = meters[due].probe.sample(trainer)
    last = .now
    meters[due].price = last - now
    meters[due].spent += last - now
    guard let samples else {
      // It has nothing to look at: the others have its share.
      meters.remove(at: due)
      return
    }
    let looks = max(1, min(Self.most, Self.numbers / max(1, samples.count)))
    meters[due].next = step + max(1, (trainer.total + looks - 1) / looks)
    if !samples.isEmpty { policy.keep(samples) }
    last = .now
  }
}
