import Foundation
import KeelNetworks
import KeelRecipes

/// Draws of recipes that should train: every factor at what is sound.
package enum Twin {
  /// What a fault must find in its twin.
  package struct Needs: OptionSet, Sendable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }

    package static let file = Needs(rawValue: 1)
    package static let slope = Needs(rawValue: 2)
    package static let numbers = Needs(rawValue: 4)
    package static let xavier = Needs(rawValue: 8)
    package static let test = Needs(rawValue: 16)
    package static let norm = Needs(rawValue: 32)
    /// An optimizer with a decay of its own, an epsilon, or a momentum.
    package static let decay = Needs(rawValue: 64)
    package static let epsilon = Needs(rawValue: 128)
    package static let momentum = Needs(rawValue: 256)
    package static let huber = Needs(rawValue: 512)
  }

  /// - Parameter architectures: one of these.
  package static func draw(
    _ name: String, _ dice: inout Dice, _ architectures: [Blueprint.Architecture],
    _ needs: Needs = []
  ) -> Blueprint {
    var plan = Blueprint()
    plan.name = name
    plan.architecture = dice.pick(architectures)
    plan.dataSeed = UInt64(dice.integer(1, 1_000_000))
    drawData(&plan, &dice, needs)
    let mayBeFile = plan.source != .mnist && plan.source != .adding
    plan.isFile = mayBeFile && (needs.contains(.file) || dice.chance(0.4))
    drawNetwork(&plan, &dice, needs)
    drawTraining(&plan, &dice, needs)
    return plan
  }

  private static func drawData(_ plan: inout Blueprint, _ dice: inout Dice, _ needs: Needs) {
    let needsNumbers = needs.contains(.numbers)
    let hasImages = FileManager.default.fileExists(
      atPath: "\(Blueprint.images)/t10k-images-idx3-ubyte.gz")
    plan.samples = dice.pick([300, 500, 800, 1200])
    plan.hasTest = dice.chance(0.6) || needs.contains(.test)
    plan.noise = dice.pick([0.05, 0.1, 0.2])
    switch plan.architecture {
    case .convolution:
      plan.source =
        hasImages && !needsNumbers && dice.chance(0.25)
        ? .mnist : dice.pick(needsNumbers ? [.teacher] : [.blobs, .blobs, .teacher])
      plan.features = dice.pick([36, 49, 64])
    case .recurrent, .lstm, .gru:
      let others: [Blueprint.Source] = needs.contains(.file) ? [.blobs] : [.blobs, .adding]
      plan.source = dice.pick([.regression, .regression] + (needsNumbers ? [] : others))
      plan.features = dice.integer(6, 24)
    default:
      plan.source = dice.pick(
        needsNumbers
          ? [.regression, .teacher]
          : [.spirals, .moons, .circles, .blobs, .blobs, .regression, .regression, .teacher])
      plan.features = dice.integer(2, 12)
    }
    plan.classes =
      switch plan.source {
      case .moons, .circles: 2
      case .mnist: 10
      default: dice.integer(2, 5)
      }
    defer { if needs.contains(.huber), plan.isNumeric { plan.head = 2 } }
    plan.head = plan.isNumeric ? dice.pick([0, 0, 1, 2, 3]) : dice.pick([0, 0, 1, 2, 3])
    if !plan.isNumeric, plan.classes > 2 { plan.head %= 2 }
  }

  private static func drawNetwork(_ plan: inout Blueprint, _ dice: inout Dice, _ needs: Needs) {
    let common: [Blueprint.Hidden] = [.relu, .relu, .tanh, .leakyReLU, .elu, .gelu, .silu, .selu]
    let others = Blueprint.Hidden.allCases.filter { $0 != .linear }
    plan.hidden = dice.pick(
      needs.contains(.slope)
        ? [.leakyReLU, .prelu, .elu] : dice.chance(0.75) ? common : others)
    plan.slope = plan.hidden == .leakyReLU ? 0.01 : plan.hidden == .prelu ? 0.25 : 1
    plan.weights =
      needs.contains(.xavier)
      ? .xavier : dice.pick([.scheme, .scheme, .scheme, .scheme, .xavier, .normal])
    switch plan.architecture {
    case .shallow: (plan.width, plan.depth) = (dice.integer(8, 48), Double(dice.integer(1, 2)))
    case .wide: (plan.width, plan.depth) = (dice.pick([96, 128, 192]), Double(dice.integer(1, 2)))
    case .narrow: (plan.width, plan.depth) = (dice.integer(5, 8), Double(dice.integer(2, 4)))
    case .deep:
      (plan.width, plan.depth) = (dice.integer(8, 32), Double(dice.integer(4, 8)))
      if plan.hidden == .sigmoid || plan.hidden == .softplus { plan.hidden = .relu }
    case .stack:
      (plan.width, plan.depth) = (dice.integer(8, 16), Double(dice.integer(2, 4)))
      plan.weights = .orthogonal
      plan.hidden = dice.pick([.linear, .relu, .leakyReLU])
      // A block multiplies by 1.15 to 1.6: less than what anybody calls a large initialisation.
      let gain = dice.uniform(1.15, 1.6)
      plan.scale = Dice.rounded(plan.hidden == .linear ? gain : gain * 2.0.squareRoot())
      plan.slope = 0.01
    case .residual: (plan.width, plan.depth) = (dice.integer(8, 24), Double(dice.integer(2, 6)))
    case .convolution:
      plan.width = dice.integer(4, 8)
    case .recurrent, .lstm, .gru:
      plan.width = dice.integer(8, 24)
      plan.hidden = dice.pick([.tanh, .tanh, .relu, .linear])
      plan.weights = .scheme
    }
    if plan.architecture != .stack, !plan.architecture.isRecurrent, dice.chance(0.15) {
      plan.norm = dice.pick([.batch, .layer])
    }
    if needs.contains(.norm), plan.norm == .none {
      plan.norm = plan.architecture == .residual ? .layer : .batch
    }
  }

  private static func drawTraining(_ plan: inout Blueprint, _ dice: inout Dice, _ needs: Needs) {
    plan.optimizer =
      dice.chance(0.4) ? .sgd : dice.pick(Blueprint.Optimizer.allCases)
    if needs.contains(.decay) { plan.optimizer = dice.pick([.adamw, .adamw, .stableAdamW]) }
    if needs.contains(.epsilon) { plan.optimizer = dice.pick([.adam, .adamw, .rmsprop, .adagrad]) }
    if needs.contains(.momentum) { plan.optimizer = dice.pick([.sgd, .momentum]) }
    let textbook = plan.optimizer.textbookRate
    // Every fourth is brisker than the textbook.
    plan.rate =
      dice.chance(0.25) ? dice.log(textbook, 4 * textbook) : dice.log(0.3 * textbook, textbook)
    if plan.optimizer == .momentum || plan.optimizer == .nesterov {
      plan.rate = Dice.rounded(plan.rate / 3)
    }
    plan.batch = dice.pick([8, 16, 32, 32, 64])
    // Trainings of the length that a cure's cost is defined for, where a step is cheap.
    let isDear = plan.architecture == .convolution || plan.architecture.isRecurrent
    let isLong = dice.chance(plan.source == .mnist ? 0 : isDear || plan.width > 64 ? 0.15 : 0.6)
    plan.steps = isLong ? dice.pick([3000, 4000]) : dice.pick([300, 400, 600, 800])
    plan.shuffles = dice.chance(0.85)
    plan.hasDecay = dice.chance(0.1)
    plan.poisonedRows = dice.integer(1, plan.batch)
    plan.poisonsTargets = plan.isNumeric && dice.chance(0.5)
  }
}
