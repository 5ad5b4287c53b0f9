import KeelReport
import Testing

struct UpdateRatiosTests {
  @Test func theFarthestLayersHaveLines() throws {
    let ratios = PictureExamples.layers.indices.map { index in
      StepSeries([Float](repeating: index == 4 ? 0.5 : index == 9 ? 1e-7 : 1e-3, count: 10))
    }
    let picture = try #require(UpdateRatios(layers: PictureExamples.layers, ratios: ratios))
    let drawn = try #require(Drawn(picture.svg))
    #expect(drawn.texts.contains("dense-5: 0.5") && drawn.texts.contains("dense-10: 10⁻⁷"))
    #expect(drawn.texts.contains("14 other layers"))
    #expect(drawn.says("rule of thumb, Karpathy"))
    #expect(drawn.all(class: "band").count == 1)
  }

  @Test func aLayerThatIsLostAloneHasALine() throws {
    var ratios = PictureExamples.layers.map { _ in [Float](repeating: 2e-3, count: 10) }
    ratios[13][9] = .nan
    let picture = try #require(
      UpdateRatios(layers: PictureExamples.layers, ratios: ratios.map { StepSeries($0) }))
    #expect(try #require(Drawn(picture.svg)).texts.contains("dense-14: NaN"))
    #expect(picture.table.rows[13] == ["dense-14", "0.002", "0.002", "0.002", "NaN", "1"])
  }
}
