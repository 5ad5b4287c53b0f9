import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import Testing

/// Layers over images that cannot be planned: refused with both shapes, in words that help.
@Suite struct ConvolutionErrorTests {
  struct Refusal: CustomTestStringConvertible, Sendable {
    let model: [Choice<Layers>]
    var row = [4, 6, 6]
    let message: String
    var testDescription: String { message }
  }

  private static let noImage =
    "takes images [height × width × channels], a row here is [16]; "
    + "give the recipe an input of three axes, such as input: [28, 28, 1], and flatten later"

  @Test(arguments: [
    Refusal(
      model: [.conv2d(2, kernel: 5)],
      message: "model[0].conv2d: a window of 5 × 5 does not fit the padded image of 4 × 6, "
        + "[4 × 6 × 6]; use a smaller window or dilation, or padding: same"),
    Refusal(
      model: [.relu, .conv2d(2, kernel: 3, padding: 1, dilation: 4)],
      message: "model[1].conv2d: a window of 9 × 9 does not fit the padded image of 6 × 8, "
        + "[4 × 6 × 6]; use a smaller window or dilation, or padding: same"),
    Refusal(
      model: [.maxPool2d(), .averagePool2d(3)],
      message: "model[1].average-pool2d: a window of 3 × 3 does not fit the padded image of 2 × 3, "
        + "[2 × 3 × 6]; use a smaller window or dilation, or padding: same"),
    Refusal(
      model: [.conv2d(8, groups: 4)],
      message: "model[0].conv2d: 4 groups do not divide the 6 channels of [4 × 6 × 6] and the 8 of "
        + "[2 × 4 × 8]; use a number of groups that divides both"),
    Refusal(
      model: [.conv2d(8, groups: 3)],
      message: "model[0].conv2d: 3 groups do not divide the 6 channels of [4 × 6 × 6] and the 8 of "
        + "[2 × 4 × 8]; use a number of groups that divides both"),
    Refusal(model: [.conv2d(2)], row: [16], message: "model[0].conv2d: \(noImage)"),
    Refusal(model: [.maxPool2d()], row: [16], message: "model[0].max-pool2d: \(noImage)"),
    Refusal(model: [.averagePool2d()], row: [16], message: "model[0].average-pool2d: \(noImage)"),
    Refusal(
      model: [.globalAveragePool2d], row: [16],
      message: "model[0].global-average-pool2d: \(noImage)"),
    Refusal(
      model: [.conv2d(2), .flatten, .conv2d(2)],
      row: [4, 6, 6],
      message: "model[2].conv2d: \(noImage)"),
    Refusal(
      model: [.maxPool2d(2, padding: 2)],
      message:
        "model[0].max-pool2d: padding of 2 pixels is more than half the window of 2 × 2 over "
        + "[4 × 6 × 6]; use at most 1, or padding: same"),
    Refusal(
      model: [.residual([.conv2d(6)])],
      message: "model[0].residual: the layers turn [4 × 6 × 6] into [2 × 4 × 6], which cannot be "
        + "added; make the last layer give 4 × 6 × 6 again, or write shortcut: projection"),
    Refusal(
      model: [.residual([.conv2d(8)], shortcut: .projection)],
      message:
        "model[0].residual: the layers turn [4 × 6 × 6] into [2 × 4 × 8], the projection with "
        + "stride 1 into [4 × 6 × 8], which cannot be added; give the projection the stride of the "
        + "layers, and convolutions padding: same"),
    Refusal(
      model: [.residual([.flatten], shortcut: .projection)],
      message:
        "model[0].residual: the layers turn [4 × 6 × 6] into [144], the projection with stride "
        + "1 into [4 × 6 × 144], which cannot be added; give the projection the stride of the layers, "
        + "and convolutions padding: same"),
    Refusal(
      model: [.residual([.flatten], shortcut: .projection)], row: [4, 6],
      message: "model[0].residual: the layers turn [4 × 6] into [24], the projection with stride 1 "
        + "into [4 × 24], which cannot be added; let the layers keep every axis but the last"),
    Refusal(
      model: [.residual([.dense(2)], shortcut: .projection, stride: 2)], row: [4],
      message: "model[0].residual: a projection with stride 2 takes images [height × width × "
        + "channels], a row here is [4]; leave the stride out"),
  ])
  func shapesThatDoNotFit(refusal: Refusal) {
    let error = error(refusal.model, refusal.row)
    #expect(error?.description == refusal.message)
    #expect(error?.kind == .invalid)
  }

  /// Settings whose products do not fit Int, or that no file could hold: an error, never a trap.
  @Test(arguments: [
    Choice<Layers>.conv2d(.max), .conv2d(2, kernel: .max), .conv2d(2, stride: .max),
    .conv2d(2, dilation: .max), .conv2d(2, groups: .max), .conv2d(2, padding: .pixels(.max)),
    .conv2d(2, kernel: 32_768, padding: 32_768, dilation: 32_768), .conv2d(2, kernel: 0),
    .conv2d(2, stride: -1), .conv2d(2, groups: 0), .conv2d(0), .conv2d(2, padding: -1),
    .conv2d(1_000_000_000_000, kernel: 32_768, padding: 32_768), .maxPool2d(.max), .maxPool2d(0),
    .maxPool2d(2, stride: .max), .averagePool2d(.max), .averagePool2d(2, padding: .pixels(.max)),
    .maxPool2d(2, padding: -3),
  ])
  func absurdSettings(layer: Choice<Layers>) {
    #expect(error([layer, .flatten], [4, 6, 6]) != nil)
    #expect(error([layer], [4, 6, 6], capacity: .max) != nil)
  }

  /// What a recipe file may say is narrower still.
  @Test func settingsOfAFile() throws {
    func message(_ layer: String, _ settings: [(String, Settings)]) throws -> String {
      var tree = recipe([.relu]).written
      let entries = settings.map { Settings.Entry($0.0, $0.1) }
      try tree.set("model[0]", to: .map([.init(layer, .map(entries))]))
      let error = #expect(throws: KeelError.self) { _ = try Recipe(tree) }
      return error?.description ?? "read"
    }
    let filters = ("filters", Settings.scalar("2"))
    #expect(
      try message("conv2d", [])
        == "model[0].conv2d: 'filters' is missing; add 'filters: …' (output "
        + "channels)")
    #expect(
      try message("conv2d", [filters, ("padding", .scalar("full"))])
        == "model[0].conv2d.padding: 'full' is not a padding; write valid, same, or a whole number "
        + "of pixels")
    #expect(
      try message("conv2d", [filters, ("padding", .scalar("1.5"))])
        == "model[0].conv2d.padding: '1.5' is not a whole number; write a whole number from 0 to "
        + "32768")
    #expect(
      try message("max-pool2d", [("size", .scalar("0"))])
        == "model[0].max-pool2d.size: 0 is out of range; write a whole number from 1 to 32768")
    #expect(
      try message(
        "residual", [("layers", .list([.scalar("relu")])), ("stride", .scalar("2"))])
        == "model[0].residual.stride: an identity has no stride, found 2; write shortcut: "
        + "projection, or leave the stride out")
    #expect(
      try message("conv2d", [filters, ("bias-initializer", .scalar("orthogonal"))])
        == "model[0].conv2d.bias-initializer: 'orthogonal' is for matrices; use zeros, or another "
        + "initializer that fills numbers one by one")
  }

  private func recipe(_ model: [Choice<Layers>]) -> Recipe {
    Recipe(
      data: .spirals(), model: model, loss: .meanSquaredError, optimizer: .sgd(),
      training: .init(epochs: 1, batch: 1))
  }

  private func error(
    _ model: [Choice<Layers>], _ row: [Int], capacity: Int = 1
  ) -> KeelError? {
    do {
      _ = try recipe(model).plan(row: Shape(row), capacity: capacity)
      return nil
    } catch { return error as? KeelError }
  }
}
