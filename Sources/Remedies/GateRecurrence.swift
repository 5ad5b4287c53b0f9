import KeelCauses
import KeelNetworks
import KeelRecipes
import KeelTraining

/// Gated recurrence, a GRU or an LSTM, in place of the plain one.
///
/// What is kept over many steps then passes gates between 0 and 1, and no weight.
///
/// **References** Hochreiter and Schmidhuber, 1997; Cho et al., 2014.
public struct GateRecurrence: Remedy {
  public static let name = "gate-recurrence"
  public static let summary = "gru or lstm in place of plain recurrence"
  public static let undoes = [LongRecurrence.name]
  public static let price = Price(
    invasiveness: 2, timePerStep: 3, risk: "another network is learnt, of more parameters")
  public static let isHot = false

  /// `gru` or `lstm`.
  public let cell: String

  public init(cell: String) { self.cell = cell }

  public static func candidates(for evidence: Evidence) -> [GateRecurrence] {
    ["gru", "lstm"].map(GateRecurrence.init)
  }

  /// As many units, the same output and input weights; recurrent weights begin orthogonal.
  public func applied(to problem: Problem) -> Recipe? {
    let changed = problem.recipe.replacingLeaves { choice in
      guard let plain = choice.ingredient as? Recurrent else { return [choice] }
      let initializer = plain.initializer.value
      return [
        cell == "gru"
          ? .gru(
            plain.units, return: plain.output, initializer: initializer, truncate: plain.truncate)
          : .lstm(
            plain.units, return: plain.output, initializer: initializer, truncate: plain.truncate)
      ]
    }
    return changed == problem.recipe ? nil : changed
  }
}
