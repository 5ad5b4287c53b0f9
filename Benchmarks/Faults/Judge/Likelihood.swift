import KeelForecast
import KeelTraining

/// How likely an explosion is, by what a forecast says of it.
///
/// **Definition** (exploded + 1)/(all + 2) of the forecasts of 800 recipes of seeds A, half of
/// which were faults; the margin is the largest rate that forty steps hold, over the recipe's own.
enum Likelihood {
  static func ofExplosion(_ verdict: Forecast.Verdict, margin: Double?) -> Double {
    let isBeyond = (margin ?? .infinity) < 1
    switch verdict {
    case .exploding: return 0.994  // 175 of 175
    case .vanishing: return isBeyond ? 0.25 : 0.02  // 3 of 14, 0 of 45
    case .stable:
      // 1 of 3, 2 of 29, 2 of 99, 4 of 435
      return isBeyond ? 0.4 : margin.map { $0 < 1.3 ? 0.1 : $0 < 4 ? 0.03 : 0.011 } ?? 0.011
    }
  }
}
