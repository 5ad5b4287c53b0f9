import Foundation
import Keel
import KeelArchive
import Testing

/// Hugging Face's own reader takes what Keel writes for what it is.
///
/// Needs `python3` with the modules `safetensors` and `numpy`; without them it is skipped.
@Suite(.enabled(if: Python.hasSafetensors)) struct SafetensorsPeerTests {
  @Test func readsTheSameNumbers() async throws {
    let scratch = try Scratch()
    let run = try Run(Draft.plain.recipe())
    _ = await run.train()
    let network = try await run.network
    try ModelFile.write(network, to: scratch("model"))
    let text = try #require(
      Python.run(
        """
        import json, sys
        from safetensors.numpy import load_file
        tensors = load_file(sys.argv[1])
        lists = {k: [list(v.shape), v.astype(float).ravel().tolist()] for k, v in tensors.items()}
        print(json.dumps(lists))
        """, scratch("model")))
    let read = try #require(
      try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: [Any]])
    #expect(read.keys.sorted() == network.tensors.map(\.name).sorted())
    for tensor in network.tensors {
      let entry = try #require(read[tensor.name])
      #expect(entry[0] as? [Int] == tensor.shape.axes)
      #expect((entry[1] as? [Double])?.map(Float.init) == tensor.values)
    }
  }
}

private enum Python {
  static let hasSafetensors = run("import safetensors, numpy") != nil

  /// What a script prints; nil where it fails, or there is no Python.
  static func run(_ script: String, _ arguments: String...) -> String? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-c", script] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let data = (try? pipe.fileHandleForReading.readToEnd()) ?? nil
    process.waitUntilExit()
    return process.terminationStatus == 0 ? String(decoding: data ?? Data(), as: UTF8.self) : nil
  }
}
