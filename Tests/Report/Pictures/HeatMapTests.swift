import KeelReport
import Testing

struct HeatMapTests {
  @Test func theFirstOffenderIsBoxedAndNamed() throws {
    var norms = PictureExamples.layers.map { _ in [Float](repeating: 1, count: 500) }
    for index in 431..<500 { norms[6][index] = .nan }
    let drawn = try #require(
      Drawn(
        HeatMap(layers: PictureExamples.layers, logNorms: norms, offender: PictureExamples.offender)
      ))
    #expect(drawn.all(class: "box").count == 1)
    #expect(drawn.says("NaN first in dense-7, step 431 (cause: large-learning-rate)"))
    #expect(drawn.texts.contains("dense-7") && drawn.texts.contains("step"))
    // Row 6, from the column that holds step 431 to the end.
    let stripes = drawn.all("path").filter { $0.classes.contains("stripe") }
    #expect(stripes.map { $0.attributes["d"] } == ["M138 6h22"])
  }

  @Test func zeroLostAndMissingLookDifferent() throws {
    let drawn = try #require(
      Drawn(
        HeatMap(
          layers: ["a", "b"],
          logNorms: [[0, -.infinity, .infinity, .nan, HeatMap.noValue, 2], [1, 1]])))
    let paths = drawn.all("g").isEmpty ? [] : drawn.all("path")
    func data(_ name: String) -> [String?] {
      paths.filter { $0.classes.contains(Substring(name)) }.map { $0.attributes["d"] }
    }
    #expect(data("stripe") == ["M2 0h2"])
    #expect(data("zero") == ["M1 0h1"])
    #expect(data("c0") == ["M0 0h1"] && data("c23") == ["M5 0h1"] && data("c12") == ["M0 1h2"])
    #expect(drawn.says("NaN or ∞") && drawn.says("exactly zero") && drawn.says("no value"))
  }

  @Test func aSpikeAndALostStepSurviveDownSampling() throws {
    var row = [Float](repeating: 0, count: 100_000)
    (row[50_000], row[70_000]) = (8, .nan)
    let map = try #require(HeatMap(layers: ["a"], logNorms: [row]))
    let drawn = try #require(Drawn(map))
    #expect(drawn.says("10⁸"))
    #expect(drawn.all("path").contains { $0.classes.contains("stripe") })
    #expect(map.table.rows == [["a", "0", "8", "0", "≈ 70,000"]])
  }

  @Test func manyLayersAreGrouped() throws {
    let layers = (1...100).map { "dense-\($0)" }
    let drawn = try #require(Drawn(HeatMap(layers: layers, logNorms: layers.map { _ in [1, 2] })))
    #expect(drawn.texts.contains("dense-3 … dense-5"))
  }

  @Test func whatAllNamesShareIsSaidOnce() throws {
    let layers = (1...100).map { "encoder.block-\($0).attention" }
    let drawn = try #require(Drawn(HeatMap(layers: layers, logNorms: layers.map { _ in [1, 2] })))
    #expect(drawn.texts.contains("block-3 … block-5"))
    #expect(drawn.says("(all are encoder.*.attention)"))
  }

  @Test func anOffenderBeyondTheValuesIsAtTheirEdge() throws {
    let drawn = try #require(
      Drawn(
        HeatMap(layers: ["a"], logNorms: [[1, 2]], offender: .init("NaN", layer: "z", step: 9))))
    #expect(drawn.all(class: "box").count == 1 && drawn.outside.isEmpty)
  }
}
