import Foundation
import KeelEngine
import Testing

/// What is kept is kept once, as it was, and whoever is told to stop keeps it first.
@Suite(.serialized) struct KeepingTests {
  private func tool(_ recipe: String = Sample.long) throws -> Tool {
    let tool = try Tool()
    try tool.write("r.yaml", recipe)
    return tool
  }

  /// Two trainings that keep themselves in one file: the second is told before it begins.
  @Test func aSecondTrainingIsToldBeforeItBegins() throws {
    let tool = try tool()
    let first = Process()
    first.executableURL = try #require(Tool.executable)
    first.arguments = ["train", "r.yaml", "--save", "model", "--quiet"]
    first.currentDirectoryURL = URL(fileURLWithPath: tool.folder)
    first.standardOutput = FileHandle.nullDevice
    try first.run()
    defer { first.terminate() }
    let deadline = ContinuousClock.now + .seconds(600)
    while try !tool.contents.contains(where: { $0.hasSuffix(".lock") }),
      ContinuousClock.now < deadline
    { usleep(20_000) }
    let second = try tool.run("train", "r.yaml", "--save", "model")
    #expect(second.code == 74)
    #expect(
      second.err
        == "error: model: is being written by another process; wait for that, or write to another file\n"
    )
  }

  /// The end of a terminal keeps a training as a scheduler's wish does.
  @Test(arguments: [SIGHUP, SIGTERM]) func aSignalKeepsIt(_ signal: Int32) throws {
    let tool = try tool()
    let result = try tool.signal(signal, "train", "r.yaml", "--save", "model")
    #expect(result.code == 130)
    #expect(result.out.contains("saved to model\n"))
    #expect(try tool.contents == ["model", "r.yaml"])
  }

  @Test func aFileKeepsItsRights() throws {
    let tool = try tool(Sample.healthy)
    try tool.write("model", "")
    let path = "\(tool.folder)/model"
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    #expect(try tool.run("train", "r.yaml", "--save", "model").code == 0)
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
    #expect((mode as? NSNumber)?.intValue == 0o600)
  }

  /// Names of classes and files that hold what a terminal would obey.
  @Test func nothingReachesTheTerminalRaw() throws {
    let tool = try Tool()
    let names = ["\u{1B}[31mant\u{1B}]0;pwned\u{7}", "bee\u{202E}", "c\u{9B}31m"]
    let rows = (0..<24).map { "\($0 % 5),\(($0 * 7) % 3),\(names[$0 % 3])" }
    let folder = "\u{1B}[1mx"
    try FileManager.default.createDirectory(
      atPath: "\(tool.folder)/\(folder)", withIntermediateDirectories: false)
    try tool.write("\(folder)/d.csv", "a,b,y\n" + rows.joined(separator: "\n") + "\n")
    let recipe = "\(folder)/r.yaml"
    try tool.write(
      recipe,
      """
      data: {csv: {file: d.csv, target: y, test: 4}}
      model: [{dense: 3}]
      loss: softmax-cross-entropy
      optimizer: {sgd: 0.1}
      training: {epochs: 2, batch: 8}
      """)
    for arguments in [
      ["train", recipe, "--save", "model"], ["predict", "model", "\(folder)/d.csv"],
      ["show", recipe], ["train", "\u{1B}[31m.yaml"], ["train", recipe, "--\u{1B}[31m"],
      ["train", recipe, "--set", "\u{202E}=1"], ["predict", "model", "\u{1B}.csv"],
      ["list", "\u{9B}"], ["\u{1B}]0;x\u{7}"],
    ] {
      let result = try tool.run(arguments)
      let bad = (result.out + result.err).unicodeScalars.filter {
        $0 != "\n" && [.control, .format, .lineSeparator].contains($0.properties.generalCategory)
      }
      #expect(bad.isEmpty, "\(arguments)")
    }
    // JSON is exact.
    let classes = try tool.run("predict", "model", "\(folder)/d.csv", "--json").json["classes"]
    #expect((classes as? [String])?.allSatisfy(names.contains) == true)
  }

  @Test func aPipeIsWaitedForAndSaysSo() throws {
    let tool = try tool(Sample.healthy)
    #expect(mkfifo("\(tool.folder)/pipe", 0o600) == 0)
    let text = Sample.healthy
    let path = "\(tool.folder)/pipe"
    DispatchQueue.global().asyncAfter(deadline: .now() + 3) {
      try? text.write(toFile: path, atomically: false, encoding: .utf8)
    }
    let result = try tool.run("show", "pipe")
    #expect(result.code == 0)
    #expect(result.err == "waiting for a recipe to come through pipe\n")
    #expect(result.out.hasPrefix("name: pipe\n"))
  }

  /// Less memory than it takes: said at once, with the figure.
  @Test func whereTheSystemGivesNoMemoryItIsSaid() throws {
    let tool = try tool(Sample.healthy.replacingOccurrences(of: "dense: 16", with: "dense: 400"))
    #if os(Linux)
      for memory in [150_000, 200_000, 225_000, 250_000] {
        let result = try tool.run(["train", "r.yaml"], memory: memory)
        #expect(result.code == 70, "\(memory) kB")
        #expect(result.err.contains("the system gives no"), "\(memory) kB")
      }
    #endif
  }

  /// Data that another network makes are multiplied for before a plan asks for memory.
  @Test func whatMultipliesBeforeAPlanDoesNotWaitForMemory() throws {
    let tool = try tool(
      """
      data: {teacher: {samples: 40, features: 13, test: 0.2}}
      model: [{dense: 17}, relu, {dense: 1}]
      loss: mean-squared-error
      optimizer: {sgd: 0.01}
      training: {epochs: 1, batch: 1}
      """)
    #if os(Linux)
      for arguments in [["train", "r.yaml"], ["forecast", "r.yaml"]] {
        let result = try tool.run(arguments, memory: 200_000)
        #expect(result.code == 70, "\(arguments)")
        #expect(result.err.contains("the system gives no"), "\(arguments)")
      }
    #endif
  }

  /// However many threads multiply at once, and whatever is copied: it ends, or says what is
  /// missing.
  @Test func aLargeNetworkInLittleMemoryIsNoCrash() throws {
    let tool = try tool(
      """
      data: {teacher: {samples: 100, features: 13, test: 0.2}}
      model: [{dense: 2049}, relu, {dense: 2049}, tanh, {dense: 1}]
      loss: mean-squared-error
      optimizer: {sgd: 0.01}
      training: {epochs: 1, batch: 40}
      """)
    #if os(Linux)
      for command in ["train", "forecast"] {
        for memory in [400_000, 500_000, 600_000, 700_000, 900_000] {
          let result = try tool.run([command, "r.yaml", "--threads", "8"], memory: memory)
          #expect([0, 1, 70].contains(result.code), "\(command), \(memory) kB: \(result.err)")
        }
      }
    #endif
  }

  /// Finite losses whose sum is not are drawn all the same.
  @Test func lossesNearTheEndOfFloatAreDrawn() throws {
    let tool = try Tool()
    let rows = (0..<40).map { "\($0),\($0 % 2 == 0 ? "" : "-")3.4e38" }
    try tool.write("d.csv", "x,y\n" + rows.joined(separator: "\n") + "\n")
    try tool.write(
      "r.yaml",
      """
      data: {csv: {file: d.csv, target: y}}
      model: [{dense: 4}, tanh, {dense: 1}]
      loss: mean-absolute-error
      optimizer: {sgd: 0.01}
      training: {epochs: 20, batch: 8}
      """)
    let result = try tool.run("train", "r.yaml")
    #expect(result.code == 0 || result.code == 1)
  }

  @Test func kernelsThatThereAreNot() throws {
    let tool = try tool(Sample.healthy)
    let result = try tool.run(["list", "losses"], environment: ["KEEL_KERNELS": "x86-64-v9"])
    #expect(result.code == 64)
    #expect(
      result.err.hasPrefix("error: KEEL_KERNELS=x86-64-v9: is not a level of kernels; choose one"))
    let baseline = try tool.run(["train", "r.yaml"], environment: ["KEEL_KERNELS": "baseline"])
    #expect(baseline.code == 0)
    for level in KernelLevel.all {
      guard let core = level.blas else { continue }
      let result = try tool.run(["train", "r.yaml"], environment: ["OPENBLAS_CORETYPE": core])
      #expect(result.code == (level.isSupported ? 0 : 64), "\(core)")
    }
  }
}
