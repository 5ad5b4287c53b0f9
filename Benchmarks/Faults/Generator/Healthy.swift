import Foundation
import KeelEngine
import KeelTraining

/// Recipes that train, four plain ones to one of those that look as if they would not; where every
/// setting may be the fault, one of the four with a schedule, a momentum or a decay as is common.
package struct Healthy {
  package let id: String
  private let index: Int
  private let folder: String
  private var dice: Dice
  private let validity: Validity
  private let hasCustoms: Bool
  private let foretell: (Specimen) throws -> Void
  package private(set) var rejections: [Rejection] = []

  package enum Hardness: String, CaseIterable {
    case catapult
    case raw = "raw data under Adam"
    case one = "batch of one"
    case spike = "spike that recovers"
    case normal = "shallow standard normal"
    case edge = "near the edge"
    case custom = "what is used daily"
  }

  /// A loss this many times what the untrained network has: a spike, or a catapult.
  package static let peak = 5.0

  package init(
    set: SeedSet, index: Int, folder: String, foretell: @escaping (Specimen) throws -> Void
  ) {
    id = "\(set.rawValue)h\(index)"
    (self.index, self.folder, self.foretell) = (index, folder, foretell)
    hasCustoms = set.kinds == Fault.Kind.settings
    dice = Dice(seed: set.base + UInt64(index), stream: "healthy")
    validity = Validity(seed: set.base + 5_000_000 + UInt64(index) * 1000, folder: folder)
  }

  /// - Throws: an error of the file system; `CancellationError`.
  package mutating func specimens() throws -> [Specimen] {
    let hard = Hardness.allCases.filter { $0 != .custom }
    let hardness =
      index % 5 == 4
      ? hard[index / 5 % hard.count] : index % 5 == 3 && hasCustoms ? .custom : nil
    for attempt in 0..<8 {
      let name = "\(id)-\(hardness.map { "\($0)" } ?? "plain")"
      do {
        if let found = try draw(hardness, name) { return [found] }
      } catch is KeelError {}
      rejections.append(
        Rejection(id: "\(name)\(attempt)", reason: "not healthy (\(hardness?.rawValue ?? "plain"))")
      )
    }
    return []
  }

  private mutating func draw(_ hardness: Hardness?, _ name: String) throws -> Specimen? {
    guard let hardness else {
      let plan = Twin.draw(name, &dice, Blueprint.Architecture.allCases)
      return try specimen(plan, nil) { _ in true }
    }
    switch hardness {
    case .edge:
      let plan = Twin.draw(name, &dice, Blueprint.Architecture.allCases)
      return try belowEdge(plan, \.rate, dice.uniform(0.5, 0.9), hardness) { _ in true }
    case .catapult:
      var plan = Twin.draw(name, &dice, [.shallow, .wide], [.numbers])
      (plan.hidden, plan.head, plan.optimizer, plan.weights) = (.relu, 0, .sgd, .scheme)
      (plan.rate, plan.norm) = (0.005, .none)
      return try belowEdge(plan, \.rate, dice.uniform(0.6, 1), hardness) { $0.peak >= Self.peak }
    case .spike:
      let plan = Twin.draw(name, &dice, Blueprint.Architecture.allCases, [.file])
      return try belowEdge(plan, \.outliers, dice.uniform(0.2, 0.9), hardness) {
        $0.peak >= Self.peak
      }
    case .raw:
      var plan = Twin.draw(name, &dice, Blueprint.Architecture.allCases, [.file])
      plan.optimizer = dice.pick([.adam, .adamw, .rmsprop, .stableAdamW])
      plan.rate = dice.log(0.0003, 0.001)
      plan.inputs = dice.log(10, 1000)
      plan.steps = max(plan.steps, 1000)
      return try specimen(plan, hardness) { _ in true }
    case .custom:
      var plan = Twin.draw(name, &dice, Blueprint.Architecture.allCases)
      let customs = Blueprint.Custom.allCases
      plan.custom = customs[index / 5 % customs.count]
      if plan.custom == .longMomentum { plan.optimizer = .momentum }
      plan.hasDecay = false
      return try specimen(plan, hardness) { _ in true }
    case .one:
      var plan = Twin.draw(name, &dice, Blueprint.Architecture.allCases)
      (plan.batch, plan.norm) = (1, .none)
      plan.steps = max(plan.steps, 800)
      return try specimen(plan, hardness) { _ in true }
    case .normal:
      var plan = Twin.draw(name, &dice, [.shallow])
      (plan.weights, plan.norm) = (.normal, .none)
      plan.scale = (Double(plan.width) / 2).squareRoot()  // a deviation of 1
      return try specimen(plan, hardness) { _ in true }
    }
  }

  /// The plan with a factor at a share of its measured edge.
  private func belowEdge(
    _ plan: Blueprint, _ factor: WritableKeyPath<Blueprint, Double>, _ share: Double,
    _ hardness: Hardness, where isWanted: (Outcome) -> Bool
  ) throws -> Specimen? {
    let start = plan[keyPath: factor]
    func with(_ value: Double) -> Blueprint {
      var changed = plan
      changed[keyPath: factor] = Dice.rounded(value)
      return changed
    }
    let edge = try Edge(in: start...start * 1e8, rounded: Dice.rounded) {
      try validity.outcome(with($0), seed: validity.seeds[0]).isHealthy
    }
    guard let edge, edge.value * share > start else { return nil }
    var found = try specimen(with(edge.value * share), hardness, where: isWanted)
    if factor == \.rate { found?.rateEdge = edge.value }
    return found
  }

  private func specimen(
    _ plan: Blueprint, _ hardness: Hardness?, where isWanted: (Outcome) -> Bool
  ) throws -> Specimen? {
    var specimen = Specimen(
      id: plan.name, kind: hardness == nil ? .healthy : .hard, hardness: hardness?.rawValue,
      blueprint: plan, seed: validity.seeds[0])
    try foretell(specimen)
    let outcome = try validity.outcome(plan, seed: validity.seeds[0])
    specimen.outcomes = [outcome]
    return outcome.isHealthy && isWanted(outcome) ? specimen : nil
  }
}
