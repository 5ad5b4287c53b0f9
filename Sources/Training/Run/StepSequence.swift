/// The steps of a run, taken one by one as they are asked for.
///
/// `for await step in run.steps`: whoever leaves the loop stops the run, which can go on later. It
/// ends with the recipe, with an explosion, or with a cancelled task.
public struct StepSequence: AsyncSequence, Sendable {
  let run: Run

  /// Takes the next step of the run when it is asked for it.
  public struct AsyncIterator: AsyncIteratorProtocol {
    let run: Run
    /// When the loop last let others have its thread.
    private var since = ContinuousClock.now
    /// How long it keeps it: no longer than somebody notices.
    private static let turn = Duration.milliseconds(10)

    init(run: Run) { self.run = run }

    public mutating func next() async -> Run.Step? {
      if ContinuousClock.now - since > Self.turn {
        await Task.yield()
        since = .now
      }
      // In the caller's own thread, where it can be: a change of threads takes longer than a small
      // step.
      if let step = run.stepHere() { return step }
      return await run.step()
    }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(run: run) }
}
