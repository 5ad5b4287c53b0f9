import KeelEngine
import KeelNetworks
import KeelRecipes
import KeelSettings
import KeelTraining
import Testing

/// Finite differences agree with what is right, and tell what is wrong by the parameter's name.
struct GradientCheckTests {
  private static func recipe(_ loss: Choice<Losses>) -> Recipe {
    Recipe(
      data: .regression(samples: 64, features: 4, noise: 0.1), standardize: .both,
      model: [.dense(6), .tanh, .layerNorm(), .dense(6), .gelu, .dense(1)], loss: loss,
      optimizer: .sgd(learningRate: 0.1), training: .init(epochs: 1, batch: 16))
  }

  /// Half the squared error, whose gradient somebody has forgotten to halve.
  private struct Wrong: Loss {
    static let name = "wrong"
    static let summary = "half the squared error, with the gradient of all of it"
    func sum(_ batch: LossBatch, scale: Float) -> LossSum {
      var whole = MeanSquaredError().sum(batch, scale: scale)
      whole.sum /= 2
      return whole
    }
    func constantLoss(_ targets: [Float], columns: Int) -> Double { 1 }
  }

  /// The squared error, whose gradient leaves a row out.
  private struct Forgetful: Loss {
    static let name = "forgetful"
    static let summary = "the squared error, without the gradient of the first row"
    func sum(_ batch: LossBatch, scale: Float) -> LossSum {
      defer { batch.gradient?[0] = 0 }
      return MeanSquaredError().sum(batch, scale: scale)
    }
    func constantLoss(_ targets: [Float], columns: Int) -> Double { 1 }
  }

  /// Passes its input on, and nothing back.
  private struct Silent: Layer {
    static let name = "silent"
    static let summary = "hands no gradient down"
    func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal {
      let layer = network.planner.name(Self.name)
      let output = try network.planner.signal(layer, input.shape)
      network.planner.add(
        SilentKernel(input: input, output: output), layer, reads: [input], writes: output)
      return output
    }
  }

  private struct SilentKernel: Kernel {
    let input, output: Signal
    func forward(_ pass: Pass) -> Bool {
      _ = pass.values(output.value).update(fromContentsOf: pass.values(input.value))
      return true
    }
    func backward(_ pass: Pass, _ accumulation: Accumulation) -> Bool { true }
  }

  @Test func whatIsLeftUnwrittenIsSeen() throws {
    var recipe = Self.recipe(.meanSquaredError)
    recipe.model = [.dense(6), Choice(Silent()), .dense(1)]
    let problem = try Problem(recipe)
    let error = #expect(throws: KeelError.self) { try GradientCheck(problem) }
    #expect("\(error as Any)".contains("96 of 96 numbers of its input's gradient unwritten"))
  }

  @Test func whatIsForgottenIsSeen() throws {
    let check = try GradientCheck(Problem(Self.recipe(Choice(Forgetful()))))
    #expect(check.worst > 0.03, "\(check.rows)")
  }

  @Test func whatIsRightAgrees() throws {
    let check = try GradientCheck(Problem(Self.recipe(.meanSquaredError)))
    #expect(check.rows.count == 8)
    #expect(check.worst < 0.01, "\(check.rows)")
  }

  @Test func whatIsWrongIsSeen() throws {
    let check = try GradientCheck(Problem(Self.recipe(Choice(Wrong()))))
    #expect(check.rows.allSatisfy { abs($0.error - 0.5) < 0.02 }, "\(check.rows)")
  }
}
