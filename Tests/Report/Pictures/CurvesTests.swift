import KeelReport
import Testing

struct CurvesTests {
  @Test func whatIsNotFiniteIsAMarkAtTheUpperEdge() throws {
    let loss = StepSeries(PictureExamples.lossThatIsLost)
    let drawn = try #require(
      Drawn(Curves(loss: [loss], gradientNorm: [], offender: PictureExamples.offender)))
    // The line from the sentence, the bar as long as it lasts, and one cross.
    let cross = drawn.all("path").filter { $0.classes.contains("k") }
    #expect(cross.count == 1)
    #expect(cross.first?.attributes["d"]?.contains("M576 84m-4.5-4.5") == true)
    #expect(drawn.all(class: "thick").count == 1)
    #expect(drawn.says("NaN first in dense-7, step 431") && drawn.texts.contains("NaN"))
  }

  @Test func eachKindOfMarkHasALane() throws {
    let marks: [StepMark] = [
      .init(.alarm, step: 3), .init(.alarm, step: 8), .init(.snapshot, step: 0),
      .init(.skipped, step: 4), .init(.rewind(to: 0), step: 9),
    ]
    let curves = Curves(
      loss: [StepSeries(PictureExamples.wave(10)), StepSeries(PictureExamples.wave(20))],
      gradientNorm: [],
      marks: marks)
    let drawn = try #require(Drawn(curves))
    for name in ["alarms", "skipped", "snapshots", "rewinds", "dotted: before a rewind"] {
      #expect(drawn.texts.contains(name))
    }
    #expect(drawn.all(class: "past").count == 1)
    #expect(try #require(curves).description.contains("alarms: 2, skipped: 1"))
  }

  @Test func theEndOfALineIsLabelled() throws {
    let drawn = try #require(
      Drawn(
        Curves(
          loss: [StepSeries([2, 1, 0.25])], gradientNorm: [StepSeries([9, 8, 7])],
          clippedNorm: StepSeries([1, 1, 1]))))
    #expect(drawn.texts.contains("0.25") && drawn.texts.contains("norm 7"))
    #expect(drawn.texts.contains("after clipping"))
    #expect(drawn.texts.contains("loss (log scale)"))
  }

  @Test func nothingButNaNIsStillAPicture() throws {
    let drawn = try #require(Drawn(Curves(loss: [StepSeries([.nan, .nan])], gradientNorm: [])))
    #expect(drawn.brokenAttributes == [] && drawn.texts.contains("NaN"))
  }

  @Test func whatHasNoLogarithmIsSaid() throws {
    let drawn = try #require(Drawn(Curves(loss: [StepSeries([2, 0, -1])], gradientNorm: [])))
    #expect(drawn.texts.contains("0 and below: on the lower edge"))
  }

  @Test func aThousandRewindsAreSmall() throws {
    let stretches = (0..<1000).map { StepSeries(PictureExamples.wave(5000), first: $0 * 2) }
    let curves = try #require(Curves(loss: stretches, gradientNorm: stretches))
    #expect(curves.figure.utf8.count < 150_000)
  }

  @Test func theTableHasTheLargestOfItsSteps() throws {
    let curves = try #require(
      Curves(
        loss: [StepSeries([1, 2, .nan], first: 10, stride: 5)],
        gradientNorm: [StepSeries([3, 4, .infinity], first: 10, stride: 5)]))
    #expect(
      curves.table.rows == [
        ["10", "1", "1", "0", "3"], ["15", "2", "2", "0", "4"], ["20", "–", "–", "1", "∞"],
      ])
  }
}
