import Foundation
import KeelAuthoring
import KeelRunners
import Testing

/// The engines of the guide, as they stand there.
struct EngineTests {
  /// A block of code of `Guides/Engines.md`.
  private func block(_ language: String) throws -> String {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Guides/Engines.md")
    let parts = try String(contentsOf: file, encoding: .utf8).components(separatedBy: "```")
    let text = try #require(parts.first { $0.hasPrefix(language + "\n") })
    return String(text.dropFirst(language.count + 1))
  }

  @Test(.enabled(if: Program.exists("python3"))) func inPython() async throws {
    let folder = try Folder()
    try folder.write("engine.py", try block("python"))
    let engine = try Engine(command: "python3 \(folder.path)/engine.py")
    #expect(engine.name == "thirty lines")
    let history = try await engine.problem().cure()
    #expect(history.outcome == .cured)
    #expect(history.findings.map(\.cause) == ["large-learning-rate"])
    #expect(history.remedies.map(\.remedy) == ["lower-learning-rate"])
    #expect(history.findings.flatMap(\.exhibits).allSatisfy { $0.reproduction == nil })
    #expect(engine.spread == nil)
    engine.finish()
  }

  @Test(.enabled(if: Program.exists("cc"))) func inC() async throws {
    let folder = try Folder()
    try folder.write("engine.c", try block("c"))
    let compiler = Process()
    compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    compiler.arguments = ["cc", "\(folder.path)/engine.c", "-o", "\(folder.path)/engine"]
    try compiler.run()
    compiler.waitUntilExit()
    try #require(compiler.terminationStatus == 0)
    let diagnosis = try await Engine(command: "\(folder.path)/engine").problem().diagnosis()
    #expect(diagnosis.verdict == .exploding)
    #expect(diagnosis.findings.first?.cause == "large-learning-rate")
    #expect(diagnosis.findings.first?.kind == .cause)
  }

  /// What only Keel's own trainings have is refused, with what to use in its place.
  @Test func whatItHasNot() async throws {
    let engine = try Engine(command: Program.tenfold())
    let problem = try engine.problem()
    do {
      _ = try await problem.forecast()
      Issue.record("a forecast was made")
    } catch let error as KeelError {
      #expect(error.description.contains("problem.diagnosis(), problem.cure()"))
    }
    #expect(throws: KeelError.self) { try Run(problem) }
  }

  /// A healthy training is called so, and nothing is changed.
  @Test func aHealthyOne() async throws {
    let history = try await Engine(command: Program.tenfold(isSick: false)).problem().cure()
    #expect(history.outcome == .healthy)
  }

  /// A change that the engine has not is not asked for; one that it refuses is gone on without.
  @Test(arguments: ["\"set learning-rate\"", "\"clip\""])
  func whatItCannotChange(name: String) async throws {
    let history = try await Engine(command: Program.tenfold(changes: name)).problem().cure()
    #expect(history.outcome == (name == "\"clip\"" ? .incurable : .cured))
  }
}
