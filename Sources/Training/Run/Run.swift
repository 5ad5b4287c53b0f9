import KeelData
import KeelEngine
import KeelRecipes

/// A training: the only thing that moves, an actor on a thread of its own.
///
/// The same recipe with the same kernels (`KernelLevel`, and the same BLAS) gives the same trace,
/// bit for bit, whatever the number of threads.
public actor Run {
  /// What the run began with; healing may have changed `network.recipe` since.
  public nonisolated let problem: Problem
  /// The recipe that the run began with.
  public nonisolated var recipe: Recipe { problem.recipe }
  private let thread: ThreadExecutor
  package var trainer: Trainer

  /// Checks every shape and takes all memory.
  /// - Throws: `KeelError` where recipe and rows do not fit, or the memory would not do.
  public init(_ problem: Problem) throws {
    self.problem = problem
    thread = ThreadExecutor(name: "keel-run")
    trainer = try Trainer(problem)
  }

  /// Goes on from a checkpoint; with the same kernels it is bit for bit the run that never stopped,
  /// as long as it does not explode afterwards.
  ///
  /// Where it does, it may go back to another snapshot than that one would have: of those from
  /// before it keeps one, the checkpoint; and healing may begin anew.
  /// - Parameter problem: what the run began with; nil where its recipe names its rows, and where
  ///   they lie. The recipe's name, and how long it trains, may be others.
  /// - Throws: `KeelError` where recipe or rows are not those of the checkpoint.
  public init(resuming checkpoint: Checkpoint, of problem: Problem? = nil) throws {
    thread = ThreadExecutor(name: "keel-run")
    trainer = try Trainer(resuming: checkpoint, of: problem)
    self.problem = trainer.problem.with(trainer.record.start)
  }

  public nonisolated var unownedExecutor: UnownedSerialExecutor {
    thread.asUnownedSerialExecutor()
  }

  /// Trains until the recipe's end, an explosion, or a cancelled task, whose outcome is `stopped`.
  ///
  /// Called again, it goes on where it stopped.
  /// - Parameter observe: called on the run's own thread, after every step.
  public func train(_ observe: @Sendable (Run.Step) -> Void = { _ in }) -> Training {
    trainer.train(isCancelled: { Task.isCancelled }, observe: observe)
  }

  /// The same, handing out checkpoints and samples on the way.
  public func train(
    checkpointing: CheckpointPolicy?, sampling: SamplingPolicy? = nil,
    _ observe: @Sendable (Run.Step) -> Void = { _ in }
  ) -> Training {
    var (checkpoints, samples) = (CheckpointClock(checkpointing), SamplingClock(sampling))
    return trainer.train(
      isCancelled: { Task.isCancelled },
      observe: { step in
        observe(step)
        samples.look(at: trainer)
        checkpoints.look(at: trainer)
      })
  }

  /// The run as it stands, to be kept; after an explosion as it stood at its last sound snapshot.
  /// - Throws: `KeelError` where the network cannot be named, or after an explosion before which no
  ///   state was sound.
  public func checkpoint() throws -> Checkpoint { try trainer.checkpoint() }

  /// At most so many steps further.
  ///
  /// A network that has not come to its end is not scored: `training` does that.
  public func train(steps: Int, _ observe: @Sendable (Run.Step) -> Void = { _ in }) -> Training {
    _ = trainer.advance(steps: steps, isCancelled: { Task.isCancelled }, observe: observe)
    return trainer.standing(scoring: .atTheEnd) { Task.isCancelled }
  }

  /// Trains until `goesOn` says no, if not to the end: early stopping.
  ///
  /// The training that was stopped is scored, and can go on. A condition that remembers what it has
  /// seen is a loop over `steps`.
  /// - Parameter goesOn: asked on the run's own thread, after every step.
  public func trainWhile(_ goesOn: @Sendable (Run.Step) -> Bool) -> Training {
    var isEnough = false
    _ = trainer.advance(
      steps: .max, isCancelled: { isEnough || Task.isCancelled },
      observe: { isEnough = !goesOn($0) })
    return trainer.standing(scoring: .always) { Task.isCancelled }
  }

  /// The steps still to come, taken as they are asked for: `for await step in run.steps`.
  public nonisolated var steps: StepSequence { StepSequence(run: self) }

  /// Takes the next step; nil where there is none, or the task was cancelled.
  ///
  /// A loop of one's own that asks for more than steps runs on the run's own thread as a method of
  /// it: `extension Run { func fit() { while let step = step() { … } } }`.
  public func step() -> Run.Step? {
    guard !trainer.isOver, !Task.isCancelled else { return nil }
    var taken: Run.Step?
    _ = trainer.advance(steps: 1, observe: { taken = $0 })
    trainer.takeBackIfLost()
    return taken
  }

  /// The next step, taken in the caller's thread; nil where somebody else is at the run.
  nonisolated func stepHere() -> Run.Step?? {
    thread.performHere { assumeIsolated { $0.step() } }
  }

  // MARK: the network, while it trains

  /// A parameter (`dense-1.weight`) or a layer's statistic (`batch-norm-1.mean`) as it is now; nil
  /// where there is none of that name.
  public subscript(name: String) -> Tensor? { trainer.tensor(name) }

  /// The gradient of a parameter (`dense-1.weight`) as the newest step used it: the mean over its
  /// batch, with penalties, clipped.
  ///
  /// Nil where there is no such parameter, and before the first step; where a step was skipped or
  /// lost before its backward pass, it is that of an earlier one.
  public func gradient(of parameter: String) -> Tensor? { trainer.gradient(of: parameter) }

  /// Puts other numbers in the place of parameters or statistics; the rest, and what the optimizer
  /// remembers, stays.
  ///
  /// A diagnosis or a cure trains from the start, without them: give those to the problem, as
  /// `initial`.
  /// - Throws: `KeelError` that names each tensor that is unknown or of another shape, and where a
  ///   number is not finite; nothing has changed then.
  public func set(_ tensors: [Tensor]) throws { try trainer.set(tensors) }

  /// How the training ended, or stands: its outcome is `stopped` until the last step is done.
  ///
  /// The network is scored each time.
  public var training: Training { trainer.standing(scoring: .always) { Task.isCancelled } }

  /// What was seen of the run: the recipe in effect, how it stands, every step.
  package var seen: (recipe: Recipe, training: Training, trace: Trace) {
    (trainer.recipe, trainer.standing { Task.isCancelled }, Trace(trainer.trace))
  }

  /// What the loss is held against: the best constant output, and the network before training.
  public var baseline: Baseline { trainer.baseline }

  /// Rows to train on, rows to test, and parameters.
  public var size: RunSize { trainer.size }

  /// What happened so far.
  public var trace: Trace { trainer.trace }

  /// The network as it is now.
  public var network: NeuralNetwork {
    get throws { try trainer.network() }
  }

  /// Brings a fault in from outside the recipe, for tests: see `TrainingStep.disturb`.
  package func disturb(_ fault: @escaping @Sendable (Int, TrainingStep) -> Void) {
    trainer.trainingStep.disturb = fault
  }

  /// Copies kept along the way, oldest first; about 1, 2, 4, 8, … intervals old.
  public var snapshots: [Snapshot] { trainer.snapshots.all }

  /// A copy of everything that changes, as it stands now.
  public func snapshot() -> Snapshot { trainer.snapshot() }

  /// Goes back to a snapshot of this run; what follows is bit for bit what followed then.
  /// - Throws: `KeelError` for a snapshot of another network, or of a step not yet reached again.
  public func rewind(to snapshot: Snapshot) throws {
    guard trainer.canRewind(to: snapshot) else {
      throw KeelError(
        .invalid, at: "snapshot of step \(snapshot.step)",
        "does not lie behind this run, which is at step \(trainer.step)",
        fix: "use a snapshot that this run took, from before where it is")
    }
    trainer.rewind(to: snapshot)
  }
}
