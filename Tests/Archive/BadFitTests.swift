import Foundation
import KeelArchive
import KeelAuthoring
import KeelTestSupport
import Testing

/// Recipes that are sound by themselves, but whose parts do not fit each other or the data.
@Suite struct BadFitTests {
  private func error(_ draft: Draft, csv: String? = nil) throws -> KeelError {
    let scratch = try Scratch()
    if let csv { try scratch.write("d.csv", csv) }
    let recipe = try RecipeFile.read(try scratch.write("fit.yaml", draft.text))
    return try failure { _ = try Run(Problem(recipe)) }
  }

  @Test(arguments: [
    (
      "training", "{epochs: 1, batch: 1000, drop-last: true}",
      "training.batch: 1000 rows a batch, but only 60 to train on, and drop-last drops them; "
        + "use a batch of at most 60, or drop-last: false"
    ),
    (
      "model", "[{dense: 16}, {residual: {layers: [{dense: 8}]}}, {dense: 3}]",
      "model[1].residual: the layers turn [16] into [8], which cannot be added; "
        + "make the last layer give 16 again, or write shortcut: projection"
    ),
    (
      "model", "[{repeat: {times: 2, layers: [{residual: {layers: [{dense: 5}]}}]}}]",
      "model[0].repeat.layers[0].residual: the layers turn [2] into [5], which cannot be added; "
        + "make the last layer give 2 again, or write shortcut: projection"
    ),
    (
      "model", "[relu]",
      "model: has no parameters to train; add a layer with parameters, such as '- dense: 10'"
    ),
    (
      "model", "[flatten]",
      "model: computes nothing: its output is its input; "
        + "add a layer with parameters, such as '- dense: 10'"
    ),
    (
      "input", "[3]",
      "input: [3] has 3 numbers, a row of the data [2]; give a shape whose product is 2"
    ),
    (
      "standardize", "targets",
      "standardize: the targets are classes, which have no scale; write standardize: inputs"
    ),
    (
      "standardize", "both",
      "standardize: the targets are classes, which have no scale; write standardize: inputs"
    ),
    (
      "data", "{regression: {samples: 60}}",
      "model: gives 3 numbers a row, the data has 1 target column; "
        + "end the model with as many outputs as there are targets"
    ),
    (
      "data", "{spirals: {samples: 60, test: 60}}",
      "data.spirals: test: 60 takes 60 of 60 rows; "
        + "leave at least one row to test and one to train"
    ),
    (
      "data", "{spirals: {samples: 60, test: 0.001}}",
      "data.spirals: test: 0.001 takes 0 of 60 rows; "
        + "leave at least one row to test and one to train"
    ),
  ])
  func refuses(_ key: String, _ value: String, _ message: String) throws {
    let error = try error(Draft.plain.with(key, value))
    #expect(error.description == message)
    #expect(error.kind == .invalid)
  }

  @Test(arguments: [
    ("2", "outputs, for classes 0 to 1"), ("1", "output, enough for classes 0 and 1"),
  ])
  func labelsBeyondTheOutputs(_ units: String, _ room: String) throws {
    let error = try error(Draft.plain.with("model", "[{dense: \(units)}]"))
    let row = try #require(error.place.split(separator: " ").last)
    #expect(
      error.description
        == "data, row \(row): the label is 2, the model has \(units) \(room); "
        + "give the last layer at least 3 units")
  }

  /// Refused before memory is asked for, so at once; how much there is depends on the machine.
  @Test(arguments: ["99999999999", "9007199254740992"])
  func absurdSizes(_ units: String) throws {
    let start = threadTime()
    for line in ["[{dense: \(units)}]", "[{dense: 3}, {dense: {units: \(units), bias: false}}]"] {
      let error = try error(Draft.plain.with("model", line))
      #expect(error.kind == .invalid)
      #expect(error.what.contains("\(units) × "))
      #expect(error.fix == "use fewer units, or a smaller training.batch")
    }
    #expect(threadTime() - start < 1)
  }

  @Test func anAbsurdlyLongTrainingIsNoReasonToTakeMemory() throws {
    let scratch = try Scratch()
    let draft = Draft.plain.with("training", "{epochs: 9007199254740992, batch: 1}")
    let recipe = try RecipeFile.read(try scratch.write("long.yaml", draft.text))
    #expect(throws: Never.self) { try Run(Problem(recipe)) }
  }

  @Test func twoTargetColumnsForOneOutput() throws {
    let draft = Draft.plain.with("data", "{csv: {file: d.csv, target: [\"y*\"]}}")
      .with("model", "[{dense: 1}]").with("loss", "mean-squared-error")
    #expect(
      try error(draft, csv: "x,y0,y1\n1,2,3\n4,5,6\n").description
        == "model: gives 1 number a row, the data has 2 target columns; "
        + "end the model with as many outputs as there are targets")
  }

  /// What a loss cannot have is an error of the data, in the test part too; NaN is for the run to
  /// meet.
  @Test(arguments: [
    ("binary-cross-entropy", "[{dense: 1}, sigmoid]"), ("sigmoid-cross-entropy", "[{dense: 1}]"),
  ])
  func targetsThatALossCannotHave(_ loss: String, _ model: String) throws {
    let draft = Draft.plain.with("data", "{csv: {file: d.csv, target: y, test: 1}}")
      .with("model", model).with("loss", loss)
    #expect(
      try error(draft, csv: "x,y\n1,0.5\n2,-0.25\n3,1\n").description
        == "d.csv, row 3, column 'y': the target is -0.25; \(loss) takes targets from 0 to 1; "
        + "use a loss for numbers, such as mean-squared-error")
    #expect(
      try error(draft, csv: "x,y\n1,0.5\n2,0\n3,1.5\n").place == "d.csv, row 4, column 'y'")
    #expect(
      try error(draft.with("standardize", "targets"), csv: "x,y\n1,0.5\n2,0\n3,1\n").description
        == "d.csv, row 3, column 'y': the target becomes -1.0, standardized; \(loss) takes targets "
        + "from 0 to 1; write standardize: inputs")
  }

  @Test func sharesThatALossCannotHave() throws {
    let draft = Draft.plain.with("data", "{csv: {file: d.csv, target: [a, b]}}")
      .with("model", "[{dense: 2}]")
    for loss in ["softmax-cross-entropy", "cross-entropy"] {
      let error = try error(draft.with("loss", loss), csv: "x,a,b\n1,0.5,0.5\n2,2,-1\n")
      #expect(error.place == "d.csv, row 3, column 'a'")
    }
  }

  @Test func dataThatAreNotThere() throws {
    let draft = Draft.plain.with("data", "{csv: {file: none.csv, target: y}}")
    let error = try error(draft)
    #expect(error.kind == .missing)
    #expect(error.place == "none.csv")
    #expect(error.what == "there is no such file")
    #expect(error.fix.hasPrefix("check the name; the file was looked for at /"))
  }
}
