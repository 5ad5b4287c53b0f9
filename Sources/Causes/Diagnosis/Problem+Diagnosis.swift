import KeelEngine
import KeelForecast
import KeelSettings
import KeelTraining

extension Problem {
  /// Says before training whether it will explode, on a thread of its own; where it will, or where
  /// the loss was seen to leave and come back, with the factors that deviate as suspects.
  /// - Parameters:
  ///   - causes: what it is held against; your own beside Keel's: `.standard + [MyCause.self]`.
  ///   - observe: evaluations spent so far, and the most there may be.
  /// - Throws: `KeelError` where it cannot be trained at all; `CancellationError`.
  public func forecast(
    causes: CauseCatalog = .standard,
    observe: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
  ) async throws -> Forecast {
    try checkUnique(causes.causes.map { ($0.name, $0) }, "cause")
    return try await Worker(name: "keel-forecast").run {
      var forecast = try Forecaster(self).run(observe)
      if forecast.verdict == .exploding || forecast.dryRun.leftAtStep != nil {
        forecast.findings = Factor.findings(in: Evidence(self, forecast: forecast), causes)
      }
      return forecast
    }
  }

  /// Trains it and, if it explodes or learns nothing, finds out why by experiment; on a thread of
  /// its own.
  /// - Parameters:
  ///   - scope: `quick` trains no more than forty steps and tries nothing.
  ///   - causes: what it is held against.
  ///   - observe: told of every step of the training, and of every experiment.
  /// - Throws: `KeelError` where it cannot be trained; `CancellationError`.
  public func diagnosis(
    _ scope: Diagnosis.Scope = .full, causes: CauseCatalog = .standard,
    observe: @escaping @Sendable (Diagnosis.Progress) -> Void = { _ in }
  ) async throws -> Diagnosis {
    try checkUnique(causes.causes.map { ($0.name, $0) }, "cause")
    return try await Worker(name: "keel-diagnosis").run {
      let session = try session(keepsSnapshots: true)
      let training = try session.train(
        steps: scope == .quick ? DryRun.length : .max, isCancelled: { Task.isCancelled },
        observe: { observe(.training($0)) })
      try Task.checkCancellation()
      guard scope == .quick || training.verdict != .healthy else { return Diagnosis(training) }
      observe(.failed(training))
      let evidence = try Evidence(
        self, forecast: quickForecast(), training: training, trace: session.trace)
      guard scope == .full else { return evidence.quickDiagnosis(causes) }
      return try evidence.diagnosis(causes) { observe(.experimented($0)) }
    }
  }

  /// Finds out by experiment why a run of it exploded, or learnt nothing: from the training that
  /// the run has seen, with no other but the experiments.
  /// - Throws: `KeelError` where the run is of another problem, or has not ended;
  ///   `CancellationError`.
  public func diagnosis(
    of run: Run, causes: CauseCatalog = .standard
  ) async throws -> Diagnosis {
    try checkUnique(causes.causes.map { ($0.name, $0) }, "cause")
    let (inEffect, training, trace) = await run.seen
    return try await Worker(name: "keel-diagnosis").run {
      guard run.problem.recipe == recipe, hasRows(of: run.problem) else {
        throw KeelError(
          .invalid, at: "run", "is of another recipe, or of other rows",
          fix: "give the run that was made of this problem: Run(problem)")
      }
      guard inEffect == recipe else {
        throw KeelError(
          .invalid, at: "run", "was healed, and goes on under another recipe",
          fix: "diagnose the recipe in effect: problem.with(run.network.recipe).diagnosis()")
      }
      guard training.outcome != .stopped else {
        throw KeelError(
          .invalid, at: "run", "has not ended: nothing is known yet to be explained",
          fix: "train it to its end first: await run.train()")
      }
      return try explained(training, trace, causes)
    }
  }

  /// The same of a training that was seen elsewhere, as it is on record.
  package func diagnosis(
    of training: Training, _ trace: Trace, causes: CauseCatalog = .standard,
    observe: @escaping @Sendable (Diagnosis.Progress) -> Void = { _ in }
  ) async throws -> Diagnosis {
    try await Worker(name: "keel-diagnosis").run {
      try explained(training, trace, causes, observe: observe)
    }
  }

  private func explained(
    _ training: Training, _ trace: Trace, _ causes: CauseCatalog,
    observe: @escaping (Diagnosis.Progress) -> Void = { _ in }
  ) throws -> Diagnosis {
    guard training.verdict != .healthy else { return Diagnosis(training) }
    observe(.failed(training))
    return try Evidence(
      self, forecast: quickForecast(), training: training, trace: trace
    ).diagnosis(causes) { observe(.experimented($0)) }
  }
}
