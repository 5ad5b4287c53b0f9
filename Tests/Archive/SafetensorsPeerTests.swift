import Foundation
import KeelArchive
import KeelAuthoring
import Testing

/// Hugging Face's own reader takes what Keel writes for what it is.
///
/// Needs `python3` with the modules `safetensors` and `numpy`; without them it is skipped.
@Suite(.enabled(if: Python.hasSafetensors)) struct SafetensorsPeerTests {
  @Test func readsTheSameNumbers() async throws {
    let scratch = try Scratch()
    let run = try Run(Problem(Draft.plain.recipe()))
    _ = await run.train()
    let checkpoint = try await run.checkpoint()
    let tensors = checkpoint.tensors
    try CheckpointFile.write(checkpoint, to: scratch("model"))
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
    #expect(read.keys.sorted() == tensors.map(\.name).sorted())
    for tensor in tensors {
      let entry = try #require(read[tensor.name])
      #expect(entry[0] as? [Int] == tensor.shape.axes)
      #expect((entry[1] as? [Double])?.map(Float.init) == tensor.values)
    }
  }

  /// Laid out anew by Python, with our metadata: the same checkpoint. With a number changed, and
  /// the checksum that no longer fits taken out: a network.
  @Test func whatItWritesIsRead() async throws {
    let scratch = try Scratch()
    let run = try Run(Problem(Draft.plain.with("optimizer", "adam").recipe()))
    _ = await run.train()
    let checkpoint = try await run.checkpoint()
    try CheckpointFile.write(checkpoint, to: scratch("ours"))
    let script = """
      import sys
      from safetensors import safe_open
      from safetensors.numpy import save_file
      with safe_open(sys.argv[1], framework="numpy") as f:
          metadata, tensors = f.metadata(), {k: f.get_tensor(k) for k in f.keys()}
      save_file(dict(reversed(tensors.items())), sys.argv[1] + "-same", metadata=metadata)
      tensors["dense-1.bias"] = tensors["dense-1.bias"] + 1
      save_file(tensors, sys.argv[1] + "-stale", metadata=metadata)
      del metadata["crc32"]
      save_file(tensors, sys.argv[1] + "-changed", metadata=metadata)
      """
    _ = try #require(Python.run(script, scratch("ours")))
    let same = try CheckpointFile.read(scratch("ours-same"))
    #expect(same.tensors == checkpoint.tensors)
    #expect(same.progress == checkpoint.progress)
    #expect(throws: KeelError.self) { try CheckpointFile.read(scratch("ours-stale")) }
    let changed = try CheckpointFile.read(scratch("ours-changed"))
    #expect(changed.step == nil)
    let bias = try #require(checkpoint.network["dense-1.bias"]?.values)
    #expect(changed.network["dense-1.bias"]?.values == bias.map { $0 + 1 })
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
