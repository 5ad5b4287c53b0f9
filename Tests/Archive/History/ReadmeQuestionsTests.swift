import Foundation
import GRDB
import KeelArchive
import KeelAuthoring
import KeelTestSupport
import Testing

/// What the README asks an archive in SQL has an answer.
struct ReadmeQuestionsTests {
  @Test func everyQuestionHasAnAnswer() async throws {
    let scratch = try Scratch()
    let history = try History(scratch("keel.sqlite"))
    let recipe = try Draft.plain.recipe()
    let body = """
      {"findings": [{"cause": "large-learning-rate"}],
       "trials": [{"remedies": [{"remedy": "warm-up"}], "outcome": "holds"}]}
      """
    let recorder = Recorder(
      ArchivedRun(.cure, of: recipe, command: "", version: "1"), recipe: nil, in: history
    ) { Issue.record("\($0)") }
    await recorder.finish(.init("exploded", body: body))
    let text = try String(contentsOfFile: Checkout.path("README.md"), encoding: .utf8)
    let questions = text.matches(of: /sqlite3 \S+ "(.+)"/).map { String($0.1) }
    #expect(questions.count >= 3)
    for question in questions {
      let rows = try history.read { try Row.fetchAll($0, sql: question) }
      #expect(!rows.isEmpty, "\(question)")
    }
  }
}
