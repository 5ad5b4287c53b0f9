import KeelFaults
import KeelForecast
import Testing

@Suite struct EdgeTests {
  @Test(arguments: [1.01, 3.99, 37, 9e5])
  func bracketsWhereItBegins(_ truth: Double) throws {
    var trained: [Double] = []
    let edge = try #require(
      Edge(in: 1...1e8) {
        trained.append($0)
        return $0 < truth
      })
    #expect(edge.holds < truth && truth <= edge.fails)
    #expect(edge.fails / edge.holds <= 1.25)
    #expect((edge.holds...edge.fails).contains(edge.value))
    #expect(edge.trainings == trained.count)
  }

  @Test func thereIsNoneWithoutTwoSides() {
    #expect(Edge(in: 1...1e3) { _ in true } == nil)
    #expect(Edge(in: 1...1e3) { _ in false } == nil)
  }

  @Test func wholeNumbersStayWhole() throws {
    let edge = try #require(
      Edge(in: 2...200, rounded: { $0.rounded(.up) }, isHealthy: { $0 < 23 }))
    #expect((edge.holds, edge.fails) == (edge.holds.rounded(), edge.fails.rounded()))
    #expect(edge.holds < 23 && edge.fails >= 23)
  }
}
