import KeelLogs
import Testing

struct LogSeriesTests {
  /// Of a long log the newest values are all there, and of the older ones the largest.
  @Test func aSpikeStays() {
    var series = LogSeries(capacity: 64)
    for step in 0..<10_000 { series.add(step == 1234 ? 1e9 : 1, at: step) }
    #expect(series.count == 10_000 && series.points.count <= 64)
    #expect(series.points.contains { $0.value == 1e9 && $0.step == 1234 })
    #expect(series.points.suffix(32).map(\.step) == Array(9968..<10_000))
    #expect(series.points.map(\.step) == series.points.map(\.step).sorted())
  }

  @Test func whatComesAfterTheEndIsLittle() {
    var series = LogSeries(capacity: 4096)
    for step in 0..<100_000 { series.add(step < 500 ? 1 : .nan, at: step) }
    #expect(series.firstNonFinite?.step == 500 && series.count == 100_000)
    #expect(series.points.count < 1000)
  }

  @Test func theValueThatStood() {
    var series = LogSeries()
    for step in [10, 20, 30] { series.add(Double(step), at: step) }
    #expect(series.value(at: 9) == nil && series.value(at: 10) == 10)
    #expect(series.value(at: 29) == 20 && series.value(at: 99) == 30)
    #expect(series.interval == 10)
  }
}
