import KeelEngine
import Testing

/// Order statistics, by hand.
struct StatisticsTests {
  @Test func theMedianIsTheLargerOfTwo() {
    #expect([3.0, 1, 2].median == 2)
    #expect([4, 1, 3, 2].median == 3)
    #expect([7].median == 7)
    #expect([Double]().median == nil)
    #expect([Double.infinity, 1, -Double.infinity].median == 1)
  }

  @Test(arguments: [1, 9, 10, 11, 20, 70]) func aShareLiesBeforeAQuantile(_ count: Int) {
    let shuffled = (0..<count).map { ($0 * 7) % 71 }
    let found = shuffled.quantile(9, of: 10)
    #expect(shuffled.count { $0 < found ?? -1 } == count * 9 / 10)
    #expect(shuffled.quantile(10, of: 10) == shuffled.max())
  }
}
