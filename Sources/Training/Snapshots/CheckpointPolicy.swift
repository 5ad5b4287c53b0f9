/// How a run keeps itself while it trains: now and then it hands out a checkpoint.
///
/// It does so between two steps, and only while it is sound: a run that is about to explode does
/// not replace what was kept before. Each is handed out one step late, when that step's loss has
/// shown that the update before it did no harm. (The end of a run is for `Run.checkpoint`.) Whoever
/// is handed a checkpoint should be done with it soon; the run waits.
public struct CheckpointPolicy: Sendable {
  /// Steps between two checkpoints; nil: as often as takes a hundredth of the time, as measured,
  /// and at most once a second.
  public var every: Int?
  let keep: @Sendable (Checkpoint) -> Void
  let fail: @Sendable (any Error) -> Void

  /// - Parameter fail: told why, where no checkpoint can be made.
  public init(
    every: Int? = nil, fail: @escaping @Sendable (any Error) -> Void = { _ in },
    keep: @escaping @Sendable (Checkpoint) -> Void
  ) {
    self.every = every
    self.keep = keep
    self.fail = fail
  }
}
