import Foundation
import KeelData
import KeelFaults
import KeelForecast
import KeelNetworks
import KeelRecipes
import KeelTraining
import Testing

@Suite struct TwinTests {
  private let folder = "\(NSTemporaryDirectory())keel-twins-\(UUID().uuidString)"

  /// Two thousand draws: the rarest activation is one of sixty.
  private static let twins: [Blueprint] = {
    var dice = Dice(seed: 5, stream: "twins")
    return (0..<2000).map { index in
      let kind = Fault.Kind.allCases[index % Fault.Kind.allCases.count]
      return Twin.draw("t\(index)", &dice, kind.architectures, kind.needs)
    }
  }()

  @Test func everyKindOfNetworkAndRuleIsDrawn() {
    #expect(Set(Self.twins.map(\.architecture)).count == Blueprint.Architecture.allCases.count)
    #expect(Set(Self.twins.map(\.optimizer)).count == Blueprint.Optimizer.allCases.count)
    #expect(Set(Self.twins.map(\.hidden)).count == Blueprint.Hidden.allCases.count)
    #expect(Self.twins.count(where: { $0.steps >= 3000 }) > 500)
  }

  @Test func everyTwinCanBeTrained() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for twin in Self.twins.prefix(100) {
      var short = twin
      short.steps = 3
      #expect(throws: Never.self, "\(twin)") {
        let outcome = try Outcome(short.recipe(seed: 1, in: folder))
        #expect(outcome.steps == 3)
      }
    }
  }

  /// A fault changes the recipe, one factor of it, and its inverse undoes that.
  @Test(arguments: Fault.Kind.allCases)
  func faultTurnsOneFactor(_ kind: Fault.Kind) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let twins = Self.twins.filter(kind.applies)
    try #require(twins.count >= 5, "\(kind)")
    for twin in twins.prefix(10) {
      let range = kind.range(of: twin)
      let value = kind.hasSize ? kind.rounded(min(range.upperBound, range.lowerBound * 8)) : 1
      let fault = Fault(
        kind: kind, value: value, edge: nil, severity: nil, names: kind.names(in: twin))
      var faulty = fault.inserted(into: twin)
      let changes = try faulty.recipe(seed: 1, in: folder).diff(
        from: twin.recipe(seed: 1, in: folder))
      #expect(!changes.isEmpty, "\(twin)")
      #expect(!fault.names.isEmpty)
      faulty[keyPath: kind.factor] = twin[keyPath: kind.factor]
      #expect(faulty == twin)
    }
  }

  @Test func rowsOfAFileCarryTheFactors() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var plan = Blueprint()
    (plan.source, plan.isFile, plan.features, plan.dataSeed) = (.regression, true, 3, 7)
    func train(_ plan: Blueprint) throws -> Examples {
      let recipe = try plan.recipe(seed: 1, in: folder)
      return try recipe.data.member.load(from: folder, seed: 1).train
    }
    let sound = try train(plan)
    let square = sound.inputs.reduce(0) { $0 + $1 * $1 } / Float(sound.inputs.count)
    #expect(abs(square - 1) < 0.1)
    plan.inputs = 1000
    let scaled = try train(plan)
    #expect(zip(sound.inputs, scaled.inputs).allSatisfy { abs($1 - 1000 * $0) <= abs($1) * 1e-5 })
    #expect(scaled.targets == sound.targets)
    (plan.inputs, plan.outliers, plan.poisonedRows) = (1, 50, 4)
    let poisoned = try train(plan)
    let rows = (0..<sound.count).filter { poisoned.inputs[$0 * 3] != sound.inputs[$0 * 3] }
    #expect(rows.count == 4)
  }
}
