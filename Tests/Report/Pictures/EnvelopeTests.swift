import KeelReport
import Testing

struct EnvelopeTests {
  @Test func aSpikeOfOneStepIsKept() {
    var values = [Float](repeating: 1, count: 100_000)
    (values[61_234], values[80_000]) = (4000, -7)
    let envelope = Envelope(values, columns: 100)
    #expect(envelope.columns.count == 100)
    #expect(envelope.columns[61].largest == 4000 && envelope.columns[61].least == 1)
    #expect(envelope.columns[80].least == -7)
  }

  @Test func fewValuesHaveAColumnEach() {
    let envelope = Envelope([3, 1, 2], columns: 10)
    #expect(envelope.columns.map(\.least) == [3, 1, 2])
    #expect(envelope.columns.map(\.largest) == [3, 1, 2])
    #expect(Envelope([], columns: 10).columns.isEmpty)
  }

  @Test func columnsHoldAllValuesOnce() {
    let envelope = Envelope([Float](repeating: 0, count: 1003), columns: 17)
    #expect(envelope.columns.flatMap { Array($0.indices) } == Array(0..<1003))
  }

  @Test func aRunThatIsNotFiniteIsMarkedWhereItBegins() {
    var values = [Float](repeating: 1, count: 100)
    values[15] = .infinity
    for index in 43..<75 { values[index] = .nan }
    let envelope = Envelope(values, columns: 10)
    #expect(envelope.marks.map(\.index) == [15, 43])
    #expect(envelope.marks.map(\.column) == [1, 4])
    #expect(envelope.marks[0].value == .infinity && envelope.marks[1].value.isNaN)
    #expect(envelope.columns.map(\.nonFinite) == [0, 1, 0, 0, 7, 10, 10, 5, 0, 0])
    #expect(envelope.columns[5].least == nil && envelope.columns[4].largest == 1)
  }

  @Test func thereAreNoMoreMarksThanColumns() {
    let values = (0..<10_000).map { $0.isMultiple(of: 2) ? Float.nan : 1 }
    #expect(Envelope(values, columns: 50).marks.count == 50)
  }

  @Test func directionIsThatOfTheValues() {
    #expect(Envelope([1, 2, 3, 9, 8, 7], columns: 2).columns.map(\.isRising) == [true, false])
  }
}
