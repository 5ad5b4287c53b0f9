import Foundation
import KeelArchive
import KeelAuthoring
import Testing

/// A trained network comes back as it was; a file that is not whole does not come back at all.
@Suite struct SafetensorsTests {
  /// Batch norm, dropout, scales of inputs and targets, names of columns: all there is to keep.
  static let recipe = """
    data: {csv: {file: d.csv, target: [y0, y1], test: 4}}
    standardize: both
    model: [{dense: 5}, batch-norm, prelu, {dropout: 0.1}, {residual: {layers: [{dense: 5}]}}, {dense: 2}]
    loss: mean-squared-error
    optimizer: {adam: 0.01}
    training: {epochs: 20, batch: 8}
    """

  private func train(_ scratch: Scratch, _ text: String = recipe) async throws -> NeuralNetwork {
    let rows = (0..<40).map { row in
      let x = Double(row % 7) * 10 + 3
      let z = Double(row * row % 11)
      return "\(x),\(z),\(x + 2 * z + 100),\(z - x)"
    }
    try scratch.write("d.csv", "x,z,y0,y1\n" + rows.joined(separator: "\n") + "\n")
    let run = try Run(Problem(RecipeFile.read(try scratch.write("net.yaml", text))))
    #expect(await run.train().outcome == .trained)
    return try await run.network
  }

  @Test func aTrainedNetworkComesBack() async throws {
    let scratch = try Scratch()
    let network = try await train(scratch)
    try CheckpointFile.write(Checkpoint(network), to: scratch("net.safetensors"))
    let again = try CheckpointFile.read(scratch("net.safetensors")).network
    // A model says what was trained, not where its files lay.
    var recipe = network.recipe
    recipe.folder = again.recipe.folder
    #expect(again.recipe == recipe)
    #expect(again.tensors == network.tensors)
    #expect(again.columns == ["x", "z"])
    #expect(again.targets == network.targets)
    #expect(again.inputScale == network.inputScale)
    #expect(again.targetScale == network.targetScale)
    let mean = try #require(again["batch-norm-1.mean"])
    #expect(mean.values.contains { $0 != 0 })
    let rows: [[Float]] = [[3, 0], [63, 10], [-1e6, 4]]
    #expect(try again.predict(rows) == network.predict(rows))
    // What is written is a function of the network: the same bytes again.
    try CheckpointFile.write(Checkpoint(again), to: scratch("again.safetensors"))
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: scratch("again.safetensors")))
        == Data(contentsOf: URL(fileURLWithPath: scratch("net.safetensors"))))
  }

  @Test func imagesAndClassesComeBack() async throws {
    let scratch = try Scratch()
    let network = try await train(
      scratch,
      """
      data: {spirals: {samples: 50}}
      input: [2, 1]
      model: [flatten, {dense: 3}]
      loss: softmax-cross-entropy
      optimizer: sgd
      training: {epochs: 2, batch: 10}
      """)
    try CheckpointFile.write(Checkpoint(network), to: scratch("net"))
    let again = try CheckpointFile.read(scratch("net")).network
    #expect(again.input == network.input)
    #expect(again.columns == nil)
    #expect(again.inputScale == nil)
    #expect(try again.predict([[1, 2]]) == network.predict([[1, 2]]))
  }

  @Test func nonFiniteWeightsComeBack() async throws {
    let scratch = try Scratch()
    let network = try await train(scratch)
    let tensors = network.tensors.map { tensor in
      var values = tensor.values
      values[0] = tensor.name.hasSuffix("bias") ? .nan : -.infinity
      return Tensor(name: tensor.name, shape: tensor.shape, values: values)
    }
    let sick = try NeuralNetwork(
      recipe: network.recipe, tensors: tensors, input: network.input, columns: network.columns,
      targets: network.targets, inputScale: network.inputScale, targetScale: network.targetScale)
    try CheckpointFile.write(Checkpoint(sick), to: scratch("sick"))
    let again = try CheckpointFile.read(scratch("sick")).network
    #expect(
      again.tensors.map { $0.values.map(\.bitPattern) }
        == tensors.map { $0.values.map(\.bitPattern) })
  }

  // MARK: files that are broken

  /// A model file with its header and its numbers apart.
  private struct FileParts {
    var header: [String: Any]
    var numbers: Data

    init(_ file: Data) throws {
      let length = file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
      header = try #require(
        JSONSerialization.jsonObject(with: file[8..<8 + length]) as? [String: Any])
      // As another program writes it, which knows nothing of the checksum.
      var metadata = try #require(header["__metadata__"] as? [String: String])
      metadata["crc32"] = nil
      header["__metadata__"] = metadata
      numbers = file[(8 + length)...]
    }

    mutating func set(_ tensor: String, _ key: String, _ value: Any) {
      var entry = header[tensor] as? [String: Any] ?? [:]
      entry[key] = value
      header[tensor] = entry
    }

    func file() throws -> Data {
      let json = try JSONSerialization.data(withJSONObject: header)
      return withUnsafeBytes(of: UInt64(json.count).littleEndian) { Data($0) } + json + numbers
    }
  }

  private func refusal(_ scratch: Scratch, _ data: Data) throws -> String {
    let path = try scratch.write("broken", data)
    let error = try failure { _ = try CheckpointFile.read(path).network }
    #expect(error.kind == .invalid)
    return error.description.replacingOccurrences(of: path, with: "FILE")
  }

  private static let remedy = "write the model again, or use another copy"

  @Test func refusesBrokenBytes() async throws {
    let scratch = try Scratch()
    try CheckpointFile.write(Checkpoint(try await train(scratch)), to: scratch("net"))
    let file = try Data(contentsOf: URL(fileURLWithPath: scratch("net")))
    func refuses(_ data: Data, _ what: String) throws {
      #expect(try refusal(scratch, data) == "FILE: \(what); \(Self.remedy)")
    }
    try refuses(Data(), "is too short for a safetensors file")
    try refuses(Data(file.prefix(7)), "is too short for a safetensors file")
    try refuses(Data("data: spirals\n".utf8), "is not a safetensors file")
    for bit in [27, 40, 63] {
      var flipped = file
      flipped[bit / 8] ^= 1 << (bit % 8)
      let length = flipped.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      try refuses(
        flipped,
        length > 100_000_000
          ? "is not a safetensors file"
          : "promises a header of \(length) bytes, but has \(file.count - 8)")
    }
    var shorter = file
    shorter[0] ^= 8
    try refuses(shorter, "has a header that is not JSON")
    try refuses(file + Data([0]), "has 1 bytes that belong to no tensor")
    var number = file
    number[file.count - 1] ^= 1
    #expect(try refusal(scratch, number).hasPrefix("FILE: is damaged: its checksum is "))
    // Wherever it breaks off, it is refused.
    for count in stride(from: 0, to: file.count, by: 97) {
      #expect(try refusal(scratch, Data(file.prefix(count))).hasSuffix(Self.remedy))
    }
  }

  @Test func refusesBrokenPromises() async throws {
    let scratch = try Scratch()
    try CheckpointFile.write(Checkpoint(try await train(scratch)), to: scratch("net"))
    let sound = try FileParts(Data(contentsOf: URL(fileURLWithPath: scratch("net"))))
    let bytes = sound.numbers.count
    func refuses(_ what: String, _ change: (inout FileParts) throws -> Void) throws {
      var parts = sound
      try change(&parts)
      #expect(try refusal(scratch, parts.file()) == "FILE: \(what); \(Self.remedy)")
    }
    func misplaced(_ shape: String, _ first: Int, _ end: Int, _ from: Int) -> String {
      "promises dense-1.weight [\(shape)] at bytes \(first) to \(end), "
        + "but has \(bytes) bytes from \(from) on"
    }
    for (first, end) in [(4, 44), (0, 44), (0, 36), (-40, 0), (39, 0), (0, Int.max)] {
      try refuses(misplaced("5 × 2", first, end, 0)) {
        $0.set("dense-1.weight", "data_offsets", [first, end])
      }
    }
    for shape in [[2, 4], [10, -1], [Int.max, Int.max]] {
      try refuses(misplaced(shape.map(String.init).joined(separator: " × "), 0, 40, 0)) {
        $0.set("dense-1.weight", "shape", shape)
      }
    }
    // Two tensors at one place.
    let (weight, bias) = (0..<40, 40..<60)
    try refuses(
      "promises dense-1.bias [5] at bytes 20 to 40, but has \(bytes) bytes from \(weight.upperBound) on"
    ) { $0.set("dense-1.bias", "data_offsets", [bias.lowerBound - 20, bias.upperBound - 20]) }
    try refuses("holds dense-1.weight as F16, not F32") { $0.set("dense-1.weight", "dtype", "F16") }
    for (key, value) in [
      ("shape", [2.5, 4] as Any), ("shape", "5"), ("data_offsets", [0]), ("dtype", 32),
    ] {
      try refuses("describes dense-1.weight in a way that is not safetensors") {
        $0.set("dense-1.weight", key, value)
      }
    }
  }

  @Test func refusesAnotherNetworksTensors() async throws {
    let scratch = try Scratch()
    try CheckpointFile.write(Checkpoint(try await train(scratch)), to: scratch("net"))
    let sound = try FileParts(Data(contentsOf: URL(fileURLWithPath: scratch("net"))))
    func refuses(_ message: String, _ change: (inout FileParts) throws -> Void) throws {
      var parts = sound
      try change(&parts)
      #expect(try refusal(scratch, parts.file()) == message)
    }
    let fix = "use the model with the recipe it was trained by"
    try refuses(
      "dense-1.weight: has shape [2 × 5], the recipe's network [5 × 2]; \(fix)"
    ) { $0.set("dense-1.weight", "shape", [2, 5]) }
    try refuses(
      "dense-1.weight: is missing; the recipe's network has it, [5 × 2]; "
        + "dense-9.weight is not in the recipe's network; \(fix)"
    ) {
      $0.header["dense-9.weight"] = $0.header.removeValue(forKey: "dense-1.weight")
    }
    try refuses(
      "dense-1.weight: has shape [2 × 5], the recipe's network [5 × 2]; "
        + "dense-3.bias has shape [1 × 2], the recipe's network [2]; \(fix)"
    ) {
      $0.set("dense-1.weight", "shape", [2, 5])
      $0.set("dense-3.bias", "shape", [1, 2])
    }
    try refuses("other: is not in the recipe's network; \(fix)") {
      let end = $0.numbers.count
      $0.header["other"] = ["dtype": "F32", "shape": [1], "data_offsets": [end, end + 4]]
      $0.numbers += Data(count: 4)
    }
    let alien =
      "FILE: does not say which recipe it belongs to; use a file written by 'keel train --save'"
    try refuses(alien) { $0.header["__metadata__"] = nil }
    try refuses(
      "FILE: says nothing of its recipe; use a file written by 'keel train --save'"
    ) { $0.header["__metadata__"] = ["keel": "{}"] }
    try refuses(alien) { $0.header["__metadata__"] = ["keel": 3] }
  }

  @Test func whatIsNotThereIsMissing() throws {
    let scratch = try Scratch()
    let error = try failure { _ = try CheckpointFile.read(scratch("none")).network }
    #expect(error.kind == .missing)
    #expect(
      error.description
        == "\(scratch("none")): is not there; write one with 'keel train RECIPE --save MODEL'")
    #expect(
      try failure { _ = try CheckpointFile.read(scratch.path).network }.description
        == "\(scratch.path): is a folder; name a model file in it")
  }
}
