import KeelReport
import Testing

struct LayerRowsTests {
  @Test func fewLayersHaveARowEach() {
    let rows = LayerRows(["a", "b", "c"])
    #expect((0..<rows.count).map(rows.name) == ["a", "b", "c"])
  }

  @Test func manyShareRowsWithTheirNeighbours() {
    let rows = LayerRows((1...100).map { "dense-\($0)" })
    #expect(rows.count == LayerRows.limit)
    #expect(rows.name(0) == "dense-1 … dense-2" && rows.name(1) == "dense-3 … dense-5")
    #expect(rows.row(of: "dense-4") == 1)
    #expect(rows.row(of: "dense-101") == nil)
  }
}
