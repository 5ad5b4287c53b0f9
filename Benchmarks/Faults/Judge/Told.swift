import KeelAuthoring
import KeelCauses
import KeelFaults
import KeelForecast
import KeelRecipes

/// What a forecast said, as much as is judged.
package struct Told: Codable, Sendable {
  package let verdict: Forecast.Verdict
  /// That it explodes.
  package let probability: Double
  package let step: Int?
  package let rate: Double
  /// The largest rate that it takes to hold.
  package let limit: Double?
  /// Edge ÷ current rate; nil where none was found.
  package let margin: Double?
  /// The first suspect, and how many there are.
  package let suspect: String?
  package let suspects: Int
  package let evaluations: Double

  /// - Throws: `KeelError` where the recipe cannot be trained at all; `CancellationError`.
  package init(_ recipe: Recipe) throws {
    let problem = try Problem(recipe)
    let forecast = try Forecaster(problem).run()
    let suspects = Factor.findings(in: Evidence(problem, forecast: forecast), .standard)
    (verdict, step) = (forecast.verdict, forecast.step)
    (rate, limit) = (forecast.learningRate.current, forecast.learningRate.limit)
    margin = forecast.margin.learningRate
    (suspect, self.suspects) = (suspects.first?.cause, suspects.count)
    evaluations = forecast.cost.evaluations
    probability = forecast.probability
  }
}
