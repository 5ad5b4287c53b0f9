import Foundation
import KeelArchive
import KeelAuthoring
import Testing

struct RunExportTests {
  /// Each step is a row, and what is not finite is said.
  @Test func everyStepIsARow() async throws {
    let scratch = try Scratch()
    let history = try History(scratch("keel.sqlite"))
    let recipe = try Draft.plain.with("optimizer", "{sgd: 1e30}").with("loss", "mean-squared-error")
      .with(
        "training", "{epochs: 9, batch: 20}"
      ).recipe()
    let recorder = Recorder(
      ArchivedRun(.train, of: recipe, command: "keel", version: "1"), recipe: nil, in: history
    ) { Issue.record("\($0)") }
    let run = try Run(Problem(recipe))
    let training = await run.train { recorder.record($0) }
    await recorder.finish(.init("exploded", training: training, body: "{}"))
    let losses = await run.trace.losses
    let archived = try history.run(recorder.id)
    var csv = ""
    try RunExport.csv.write(archived, from: history) { csv += $0 }
    let rows = csv.split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    #expect(rows.count == losses.count + 1 && Set(rows.map(\.count)).count == 1)
    #expect(rows[0].prefix(4).elementsEqual(["segment", "step", "loss", "gradient-norm"]))
    #expect(
      rows.dropFirst().compactMap { Float($0[2]) }.elementsEqual(losses) {
        $0.bitPattern == $1.bitPattern || ($0.isNaN && $1.isNaN)
      })
    #expect(rows.last?[2] == "NaN" || rows.last?[2] == "Infinity")
    var lines = ""
    try RunExport.jsonl.write(archived, from: history) { lines += $0 }
    let objects = try lines.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(objects.count == losses.count && objects[0]["dense-1.gradient-norm"] is NSNumber)
    #expect(objects.last?["loss"] is String)
  }
}
