import KeelReport
import Testing

struct PictureTableTests {
  @Test func cellsSayWhatTheyAreHeadersOf() throws {
    let table = PictureTable(
      caption: "Norms", header: ["layer", "norm"], rows: [["<b>", "1"], ["dense-2", "NaN"]])
    let drawn = try #require(Drawn(table.html))
    #expect(drawn.all("th").map { $0.attributes["scope"] } == ["col", "col", "row", "row"])
    #expect(drawn.all("th").map(\.text) == ["layer", "norm", "<b>", "dense-2"])
    #expect(drawn.all("td").map(\.text) == ["1", "NaN"])
    #expect(table.note == nil)
  }

  @Test func whatIsLeftOutIsCounted() {
    let table = PictureTable(
      caption: "", header: ["step"], rows: (0..<1043).map { ["\($0)"] })
    #expect(table.rows.count == 40)
    #expect(table.note == "1,003 more rows not shown")
  }
}
