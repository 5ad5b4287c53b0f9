import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTestSupport
import Testing

/// Networks that cannot be planned: refused before memory is asked for, in words that help.
@Suite struct PlanErrorTests {
  struct Refusal: CustomTestStringConvertible, Sendable {
    let model: [Choice<Layers>]
    let message: String
    var testDescription: String { message }
  }

  @Test(arguments: [
    Refusal(
      model: [.dense(4), .residual([.dense(3)])],
      message: "model[1].residual: the layers turn [4] into [3], which cannot be added; "
        + "make the last layer give 4 again, or write shortcut: projection"),
    Refusal(
      model: [.repeat(2, [.residual([.dense(5), .dense(6)])])],
      message: "model[0].repeat.layers[0].residual: the layers turn [4] into [6], which cannot be "
        + "added; make the last layer give 4 again, or write shortcut: projection"),
    Refusal(
      model: [], message: "model: holds no layers; add at least one, such as '- dense: 10'"),
    Refusal(
      model: [.linear, .flatten],
      message: "model: computes nothing: its output is its input; "
        + "add a layer with parameters, such as '- dense: 10'"),
    Refusal(
      model: [.relu],
      message: "model: has no parameters to train; "
        + "add a layer with parameters, such as '- dense: 10'"),
    Refusal(
      model: [.repeat(101, [.repeat(100, [.dense(4)])])],
      message: "model: has more than 10000 layers once repeats are expanded; repeat fewer times"),
  ])
  func shapesThatDoNotFit(refusal: Refusal) {
    #expect(error(refusal.model)?.description == refusal.message)
    #expect(error(refusal.model)?.kind == .invalid)
  }

  /// Six terabytes are not asked for. What this machine may give stands in the message.
  @Test func absurdUnits() {
    let message = error([.dense(99_999_999_999)])?.description ?? "planned"
    #expect(
      message.hasPrefix(
        "model[0].dense: dense-1.weight, 99999999999 × 4, needs 6.4 TB with all before it, "),
      "\(message)")
    #expect(
      message.hasSuffix(" a plan may take here; use fewer units, or a smaller training.batch"))
  }

  /// Counts that do not even fit Int.
  @Test func unitsBeyondInt() {
    #expect(error([.dense(Int.max)]) != nil)
    #expect(error([.dense(1), .dense(Int.max / 2), .dense(8)]) != nil)
    #expect(error([.dense(4)], capacity: Int.max) != nil)
  }

  /// Many layers, each of which would fit alone.
  @Test func tooMuchInAll() throws {
    let model: [Choice<Layers>] = [.repeat(1000, [.dense(8), .relu])]
    let recipe = recipe(model)
    let floats = try recipe.plan(row: Shape(4), capacity: 1000).floats
    var planner = Planner(capacity: 1000, limit: floats * 2)
    #expect(throws: KeelError.self) {
      for index in 0..<2000 { _ = try planner.signal("dense-\(index)", Shape(8)) }
    }
  }

  @Test func inputShape() {
    var recipe = recipe([.flatten, .dense(3)])
    recipe.input = .init([3, 2])
    let error = #expect(throws: KeelError.self) {
      _ = try recipe.plan(row: Shape(4), capacity: 1)
    }
    #expect(
      error?.description
        == "input: [3 × 2] has 6 numbers, a row of the data [4]; give a shape whose product is 4")
  }

  private func recipe(_ model: [Choice<Layers>]) -> Recipe {
    Recipe(
      data: .spirals(), model: model, loss: .meanSquaredError, optimizer: .sgd(),
      training: .init(epochs: 1, batch: 1))
  }

  private func error(_ model: [Choice<Layers>], capacity: Int = 1) -> KeelError? {
    do {
      _ = try recipe(model).plan(row: Shape(4), capacity: capacity)
      return nil
    } catch { return error as? KeelError }
  }
}
