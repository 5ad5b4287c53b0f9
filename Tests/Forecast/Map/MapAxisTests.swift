import KeelAuthoring
import Testing

struct MapAxisTests {
  @Test func valuesAreSpread() throws {
    let axis = try MapAxis("optimizer.sgd.learning-rate=1e-4..10", count: 6)
    #expect(axis.path == "optimizer.sgd.learning-rate")
    #expect(axis.values == [1e-4, 1e-3, 1e-2, 0.1, 1, 10])
    #expect(try MapAxis("a=-1..1,linear", count: 3).values == [-1, 0, 1])
    #expect(axis.distance(0.1, 1) == 1)
  }

  @Test(arguments: [
    ("a", "no path and range"), ("=1..2", "no path and range"), ("a=1", "no range of numbers"),
    ("a=x..2", "no range of numbers"), ("a=1..2..3", "no range of numbers"),
    ("a=1..inf", "no range of numbers"), ("a=2..2", "is empty"), ("a=2..1", "is empty"),
    ("a=-1..1", "begins above 0"), ("a=0..1", "begins above 0"), ("a=1..2,cubic", "is no scale"),
  ]) func isRefused(text: String, what: String) throws {
    do {
      _ = try MapAxis(text, count: 4)
      Issue.record("it was read")
    } catch let error as KeelError {
      #expect(error.what.contains(what), "\(error)")
      #expect(error.kind == .usage)
    }
  }
}
