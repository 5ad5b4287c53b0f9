import KeelAuthoring
import Synchronization
import Testing

/// Maps of a small network: what is not trained is as what was, and an interrupted one goes on.
struct MapSearchTests {
  private static let recipe = Recipe(
    name: "edge", data: .regression(samples: 64, features: 4, noise: 0.1),
    model: [.dense(8), .relu, .dense(1)], initializer: .he(), loss: .meanSquaredError,
    optimizer: .sgd(learningRate: 0.01), training: .init(epochs: 25, batch: 16))

  private func search(_ size: Int, isWhole: Bool = false) throws -> MapSearch {
    let problem = try Problem(Self.recipe)
    let x = try MapAxis("optimizer.sgd.learning-rate=1e-4..100", count: size)
    let y = try MapAxis("seed=1..9,linear", count: size)
    return MapSearch(x, y, isWhole: isWhole) { rate, scale in
      var recipe = Self.recipe
      recipe.optimizer = .sgd(learningRate: rate)
      recipe.initializer = .he(scale: scale / 4)
      return problem.with(recipe)
    }
  }

  @Test func fewAreTrainedAndMostAreRight() async throws {
    let size = 24
    let whole = try await search(size, isWhole: true).run()
    let map = try await search(size).run()
    #expect(whole.trained == size * size)
    #expect(map.trained * 2 < whole.trained)
    let same = zip(map.cells.joined(), whole.cells.joined()).count {
      $0.outcome == $1.outcome
    }
    #expect(Double(same) >= 0.95 * Double(size * size))
    #expect(Set(whole.cells.joined().map(\.outcome)).isSuperset(of: [.stable, .exploding]))
    // Forty steps see nearly the same edge.
    #expect(try #require(map.edgeDistance) < 0.3)
  }

  @Test func goesOnWhereItWas() async throws {
    let kept = Mutex<[MapSearch.Known]>([])
    let map = try await search(12).run { cell in kept.withLock { $0.append(cell) } }
    let all = kept.withLock { $0 }
    #expect(all.count == map.trained)
    let again = Mutex(0)
    let half = Array(all.prefix(all.count / 2))
    let second = try await search(12).run(from: half) { _ in again.withLock { $0 += 1 } }
    #expect(second == map)
    #expect(again.withLock { $0 } == all.count - half.count)
  }

  @Test func whatCannotBeSetIsAnError() async throws {
    let x = try MapAxis("a=1..2", count: 2)
    let search = MapSearch(x, try MapAxis("b=1..2", count: 2)) { _, _ in
      throw KeelError(.invalid, at: "a", "is no setting", fix: "name one")
    }
    await #expect(throws: KeelError.self) { try await search.run() }
  }
}
