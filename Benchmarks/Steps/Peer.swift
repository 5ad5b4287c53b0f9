import Foundation

/// The same step in PyTorch, in a process of its own.
struct Peer {
  let python: String
  let workload: Workload
  let threads: Int

  private struct Answer: Decodable { let secondsPerStep: Double }

  /// The median that `step.py` prints.
  func milliseconds(compiled: Bool = false) throws -> Double {
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../Peers/step.py").standardizedFileURL
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments =
      [
        script.path, workload.name, "--threads", String(threads), "--steps",
        String(max(10, workload.steps)),
      ] + (compiled ? ["--compile"] : [])
    let pipe = Pipe()
    process.standardOutput = pipe
    if compiled { process.standardError = FileHandle.nullDevice }
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return try JSONDecoder().decode(Answer.self, from: output).secondsPerStep * 1000
  }
}
