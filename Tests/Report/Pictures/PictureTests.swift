import KeelReport
import Testing

/// What holds of every picture.
struct PictureTests {
  @Test func thereAreEight() { #expect(PictureExamples.all().count == 8) }

  @Test func theSameValuesGiveTheSameText() {
    for (left, right) in zip(PictureExamples.all(), PictureExamples.all()) {
      #expect(left.figure == right.figure)
      #expect(left.standalone == right.standalone)
    }
  }

  @Test func eachIsWellFormedAndSaysWhatItShows() throws {
    for picture in PictureExamples.all() {
      let drawn = try #require(Drawn(picture.standalone), "\(picture.title)")
      #expect(drawn.all("title").map(\.text) == [picture.title])
      #expect(drawn.all("desc").map(\.text) == [picture.description])
      #expect(drawn.texts.first == picture.title)
      #expect(drawn.all("svg").first?.attributes["role"] == "img")
      #expect(drawn.brokenAttributes == [])
      #expect(drawn.outside == [], "\(picture.title)")
    }
  }

  @Test func aFigureHasATableBelow() throws {
    for picture in PictureExamples.all() {
      let drawn = try #require(Drawn(picture.figure), "\(picture.title)")
      #expect(drawn.all("caption").map(\.text) == [picture.table.caption])
      #expect(drawn.all("tr").count == picture.table.rows.count + 1)
      #expect(drawn.all("style").isEmpty, "the page has the style")
      #expect(picture.table.rows.allSatisfy { $0.count == picture.table.header.count })
      #expect(picture.table.rows.count <= PictureTable.limit)
    }
  }

  @Test func namesFromOutsideStayTexts() throws {
    let names = (0..<20).map {
      "<script>alert(\"\($0)\")</script>'&\u{1B}[31m\u{202E}\u{0}\u{FFFF}"
        + String(repeating: $0 % 2 == 0 ? "x" : "界", count: 10_000)
    }
    for picture in PictureExamples.all(layers: names) {
      let drawn = try #require(Drawn(picture.figure), "\(picture.title)")
      #expect(drawn.all("script").isEmpty)
      #expect(!picture.figure.contains("\u{1B}") && !picture.figure.contains("\u{202E}"))
      #expect(drawn.outside == [], "\(picture.title)")
      #expect(picture.svg.utf8.count < 100_000)
    }
  }

  @Test func aMillionStepsOfTwoHundredLayersAreSmall() throws {
    // A value in 500: the size of a picture does not depend on how many stand in a column.
    let layers = (1...200).map { "encoder.layers.\($0).attention" }
    let rows = layers.indices.map { PictureExamples.wave(2000, $0) }
    let series = rows.map { StepSeries($0, stride: 500) }
    let steps = StepSeries(PictureExamples.wave(1_000_000))
    let marks = (0..<20_000).flatMap {
      [StepMark(.alarm, step: $0 * 50), StepMark(.rewind(to: $0 * 50), step: $0 * 50 + 40)]
    }
    let pictures: [(any Picture)?] = [
      HeatMap(layers: layers, logNorms: rows, stride: 500),
      Curves(loss: [steps], gradientNorm: [steps], clippedNorm: steps, marks: marks),
      UpdateRatios(layers: layers, ratios: series),
      Gains(layers.map { Gains.Layer($0, forward: 1, backward: 2) }),
    ]
    for picture in pictures {
      let picture = try #require(picture)
      #expect(picture.figure.utf8.count < 100_000, "\(picture.title)")
    }
  }

  @Test func nothingToShowIsNoPicture() {
    let none = StepSeries([])
    #expect(HeatMap(layers: [], logNorms: []) == nil)
    #expect(HeatMap(layers: ["a"], logNorms: [[]]) == nil)
    #expect(Curves(loss: [none], gradientNorm: []) == nil)
    #expect(Gains([.init("a", forward: nil, backward: nil)]) == nil)
    #expect(TruthTablePicture(factors: ["a"], experiments: []) == nil)
    #expect(Tournament([]) == nil)
    #expect(UpdateRatios(layers: ["a"], ratios: [none]) == nil)
    #expect(Exponents([.init("weights", of: [])]) == nil)
    #expect(ClipActivity(before: none, after: none) == nil)
  }
}
