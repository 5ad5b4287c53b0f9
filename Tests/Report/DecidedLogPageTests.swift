import Foundation
import KeelAuthoring
import KeelLogs
import KeelReport
import Testing

struct DecidedLogPageTests {
  private func page(rate: Double, losses: [String]) async throws -> DecidedLogPage {
    let path = NSTemporaryDirectory() + "keel-decided-\(UUID().uuidString).csv"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let rows = losses.enumerated().map { "\($0),\($1)" }
    try (["step,loss"] + rows).joined(separator: "\n").appending("\n")
      .write(toFile: path, atomically: true, encoding: .utf8)
    let recipe = Recipe(
      name: "decided", data: .regression(samples: 64, features: 4, noise: 0.1),
      model: [.dense(8), .relu, .dense(1)], loss: .meanSquaredError,
      optimizer: .sgd(learningRate: rate), training: .init(epochs: 20, batch: 8))
    let problem = try Problem(recipe)
    return try await DecidedLogPage(
      LogDiagnosis(TrainingLog.read(path)), of: "run.csv", decidedBy: problem.diagnosis(),
      of: recipe, line: "decided.yaml", engine: nil)
  }

  @Test func verdictComesFirst() async throws {
    let page = try await page(rate: 10, losses: ["1", "9", "200", "1e9", "nan"])
    let lines = page.text.split(separator: "\n")
    #expect(lines[0].contains("exploding"))
    #expect(page.text.contains("the recipe explodes at step"))
    #expect(lines.last?.hasSuffix("the log at step 4") == true)
    let body = try #require(
      JSONSerialization.jsonObject(with: Data(page.json.utf8)) as? [String: Any])
    #expect(body["verdict"] as? String == "exploding")
    #expect((body["log"] as? [String: Any])?["leader"] != nil)
    #expect(((body["findings"] as? [[String: Any]])?.first)?["kind"] as? String == "cause")
  }

  @Test func mayBeAnother() async throws {
    let page = try await page(rate: 0.01, losses: ["1", "9", "200", "1e9", "nan"])
    #expect(page.text.contains("it may be of another training"))
  }
}
