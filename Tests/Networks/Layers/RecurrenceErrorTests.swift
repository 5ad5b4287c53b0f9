import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import Testing

/// Recurrent layers that do not fit their rows.
@Suite struct RecurrenceErrorTests {
  struct Refusal: CustomTestStringConvertible, Sendable {
    let model: [Choice<Layers>]
    var row = [6, 2]
    let message: String
    var testDescription: String { message }
  }

  @Test(arguments: [
    Refusal(
      model: [.lstm(4)], row: [12],
      message:
        "model[0].lstm: a row is [12], not [time, features]; give the shape of a row, such as "
        + "input: [12, 1]"),
    Refusal(
      model: [.gru(4)], row: [3, 2, 2],
      message: "model[0].gru: a row is [3 × 2 × 2], not [time, features]; give the shape of a row, "
        + "such as input: [12, 1]"),
    Refusal(
      model: [.recurrent(4), .recurrent(5)],
      message:
        "model[1].recurrent: a row is [4], not [time, features]; let the layer before return: "
        + "sequence"),
    Refusal(
      model: [.residual([.lstm(2)])],
      message: "model[0].residual: the layers turn [6 × 2] into [2], which cannot be added; "
        + "make the last layer give 6 × 2 again, or write shortcut: projection"),
    Refusal(
      model: [.recurrent(4, truncate: 7)],
      message: "model[0].recurrent: truncate: 7 steps, a row is [6 × 2], a sequence of 6; write at "
        + "most 6, or none"),
    Refusal(
      model: [.recurrent(4, activation: .softmax)],
      message:
        "model[0].recurrent.activation: 'softmax' does not act element by element; use tanh, "
        + "relu, or another activation without parameters"),
    Refusal(
      model: [.recurrent(4, activation: .prelu())],
      message: "model[0].recurrent.activation: 'prelu' does not act element by element; use tanh, "
        + "relu, or another activation without parameters"),
  ])
  func refuses(_ refusal: Refusal) {
    #expect(error(refusal.model, row: refusal.row)?.description == refusal.message)
    #expect(error(refusal.model, row: refusal.row)?.kind == .invalid)
  }

  /// Products of settings that do not fit Int, or memory.
  @Test(arguments: [Choice<Layers>.recurrent(.max), .lstm(.max), .gru(.max), .lstm(1 << 40)])
  func absurdUnits(_ layer: Choice<Layers>) {
    #expect(error([layer])?.kind == .invalid)
    #expect(error([layer], row: [1 << 20, 2])?.kind == .invalid)
  }

  /// The columns of a table do not make the sequence that the recipe says.
  @Test func inputThatDoesNotFit() {
    var recipe = recipe([.lstm(4), .dense(1)])
    recipe.input = .init([7, 2])
    let error = #expect(throws: KeelError.self) {
      _ = try recipe.plan(row: Shape(12), capacity: 1)
    }
    #expect(
      error?.description == "input: [7 × 2] has 14 numbers, a row of the data [12]; give a shape "
        + "whose product is 12")
  }

  private func recipe(_ model: [Choice<Layers>]) -> Recipe {
    Recipe(
      data: .spirals(), model: model, loss: .meanSquaredError, optimizer: .sgd(),
      training: .init(epochs: 1, batch: 1))
  }

  private func error(_ model: [Choice<Layers>], row: [Int]) -> KeelError? {
    do {
      _ = try recipe(model).plan(row: Shape(row), capacity: 1)
      return nil
    } catch { return error as? KeelError }
  }

  private func error(_ model: [Choice<Layers>]) -> KeelError? { error(model, row: [6, 2]) }
}
