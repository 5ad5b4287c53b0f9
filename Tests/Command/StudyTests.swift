import Foundation
import Testing

/// A study at the command line: what is printed and written, and what is left behind.
@Suite struct StudyTests {
  private static let program = """
    BEGIN {
      print "loss function: squares"
      for (step = 0; step < steps; step++) {
        print "loss=" (lr > 1 ? 10 ^ (step / 3) : 1 / (1 + step)) * (1 + seed / 10)
        fflush()
        if (pause) system("sleep " pause)
      }
    }
    """

  private func tool(pause: Double = 0, rate: Double = 3) throws -> Tool {
    let tool = try Tool()
    try tool.write("train.awk", Self.program)
    try tool.write(
      "study.yaml",
      """
      program: [awk, -v, "lr={lr}", -v, "seed={seed}", -v, "steps={steps}", -v, pause=\(pause), -f, train.awk]
      settings: {lr: {value: \(rate), reference: 0.01}}
      loss: {pattern: 'loss[ =:]+(\\S+)'}
      steps: 200
      """)
    return tool
  }

  @Test func isDiagnosedAndCured() throws {
    let tool = try tool()
    let diagnosis = try tool.run("diagnose", "study.yaml", "--json")
    #expect(diagnosis.code == 1)
    let finding = try #require((try diagnosis.json["findings"] as? [[String: Any]])?.first)
    #expect(finding["cause"] as? String == "large-learning-rate")
    let page = try tool.run("cure", "study.yaml", "--jobs", "2", "-o", "fixed.yaml")
    #expect(page.code == 0)
    let command = try #require(page.lines.first { $0.hasPrefix("  awk -v lr=") })
    #expect(!command.contains("lr=3 "))
    // What it prints was pasted, and learns; what it wrote is healthy.
    let shell = Process()
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    shell.arguments = ["-c", "cd '\(tool.folder)' && \(command)"]
    let pipe = Pipe()
    shell.standardOutput = pipe
    try shell.run()
    let losses = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    #expect(losses.split(separator: "\n").last?.hasPrefix("loss=0.0") == true)
    let fixed = try tool.run("cure", "fixed.yaml", "--json")
    #expect(try fixed.json["outcome"] as? String == "healthy")
    #expect(try tool.contents == ["fixed.yaml", "study.yaml", "train.awk"])
  }

  /// Its settings are set like those of a recipe.
  @Test func isSet() throws {
    let result = try tool().run("cure", "study.yaml", "--set", "settings.lr=0.02", "--json")
    #expect(result.code == 0)
    #expect(try result.json["outcome"] as? String == "healthy")
  }

  @Test func templateIsOne() throws {
    let tool = try Tool()
    let template = try tool.run("show", "--template", "study")
    try tool.write("study.yaml", template.out)
    #expect(try tool.run("show", "study.yaml").code == 0)
    // Its program is not there.
    #expect(try tool.run("diagnose", "study.yaml").code == 65)
  }

  @Test(arguments: [
    (["train", "study.yaml"], 65, "is a study"),
    (["diagnose", "study.yaml", "--jobs", "0"], 64, "--jobs takes a number"),
    (["diagnose", "study.yaml", "--quick"], 64, "--quick is theory"),
    (["cure", "study.yaml", "-o", "study.yaml"], 64, "write to another file"),
    (["cure", "study.yaml", "--set", "settings.rate=1"], 65, "'rate' is not in this recipe"),
    (["diagnose", "study.yaml", "--launcher", "no-such-launcher -n1"], 66, "cannot be started"),
  ]) func isRefused(arguments: [String], code: Int32, message: String) throws {
    let result = try tool().run(arguments)
    #expect(result.code == code)
    #expect(result.err.contains(message), "\(result.err)")
  }

  /// Whoever kills it leaves no program behind, and the folders of its trials are cleared by the
  /// next.
  @Test func isKilled() async throws {
    let tool = try tool(pause: 0.05)
    #expect(try tool.kill(after: .seconds(1.5), ["cure", "study.yaml", "--jobs", "2"]))
    var left = ""
    for _ in 0..<100 {
      let list = Process()
      list.executableURL = URL(fileURLWithPath: "/bin/sh")
      list.arguments = ["-c", "ps -eo args | grep '[-]f train.awk' | grep 'pause=0.05' || true"]
      let pipe = Pipe()
      list.standardOutput = pipe
      try list.run()
      left = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      if left.isEmpty { break }
      try await Task.sleep(for: .milliseconds(100))
    }
    #expect(left.isEmpty)
    _ = try tool.run("diagnose", "study.yaml", "--set", "settings.lr=0.01", "--set", "steps=20")
    let kept = try FileManager.default.contentsOfDirectory(atPath: "\(tool.folder)/.keel")
    #expect(!kept.contains { $0.hasPrefix("trials-") })
  }

  @Test func isInterrupted() throws {
    let tool = try tool(pause: 0.02)
    let result = try tool.interrupt("cure", "study.yaml")
    #expect(result.code == 130)
  }
}
