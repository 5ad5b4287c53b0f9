import KeelData
import KeelForecast
import KeelRecipes
import KeelTraining

extension Recipe {
  /// Trains the recipe and, if it explodes or learns nothing, finds out why by experiment.
  /// - Parameters:
  ///   - scope: `quick` trains no more than forty steps and tries nothing.
  ///   - observe: called after every step of the training, not of the experiments.
  /// - Throws: `KeelError` where it cannot be trained; `CancellationError`.
  public func diagnosed(
    _ scope: Diagnosis.Scope = .full, _ observe: @Sendable (Step) -> Void = { _ in }
  ) async throws -> Diagnosis {
    let trainer = try Trainer(self)
    let training = trainer.train(
      steps: scope == .quick ? DryRun.length : .max, isCancelled: { Task.isCancelled },
      observe: observe)
    try Task.checkCancellation()
    guard scope == .quick || training.verdict != .healthy else { return Diagnosis(training) }
    let forecast = try forecast(trainer.parts, .quick)
    let evidence = Evidence(self, training, trainer.trace, forecast: forecast)
    return scope == .full
      ? try evidence.diagnosis(trainer.parts) : evidence.quickDiagnosis(trainer.parts)
  }

  /// The forecast; where it says `exploding`, or saw the loss leave and come back, with the factors
  /// that deviate as suspects.
  /// - Parameter observe: evaluations spent so far, and the most there may be.
  /// - Throws: `KeelError` where it cannot be trained at all; `CancellationError`.
  public func forecast(
    naming catalog: CauseCatalog,
    observe: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
  ) async throws -> Forecast {
    var forecast = try await forecast(observe: observe)
    guard forecast.verdict == .exploding || forecast.dryRun.leftAtStep != nil else {
      return forecast
    }
    let parts = try self.parts()
    forecast.findings = Suspect.findings(
      in: Subject(self, parts, forecast.dryRun.explosion), forecast, catalog)
    return forecast
  }
}
