import Foundation
import KeelArchive
import KeelAuthoring
import KeelEngine
import KeelRecipes
import KeelTestSupport
import KeelTraining
import Testing

/// Every number of a checkpoint is looked at where it is read, whatever its checksum says.
@Suite struct CheckpointNumbersTests {
  /// A checkpoint of a short training whose metadata are changed before it is read again, with a
  /// checksum that is right.
  private func read(
    _ scratch: Scratch, _ change: (inout [String: Any]) throws -> Void
  ) async throws -> Checkpoint {
    try scratch.write("d.csv", "x,z,y\n1,2,3\n2,3,5\n3,5,8\n4,1,5\n5,6,11\n6,2,8\n")
    let recipe = try RecipeFile.read(try scratch.write("net.yaml", Self.recipe))
    let run = try Run(Problem(recipe))
    _ = await run.train()
    try CheckpointFile.write(try await run.checkpoint(), to: scratch("kept"))
    var file = try Safetensors(SafetensorsHeader(scratch("kept")))
    var card = try #require(
      try JSONSerialization.jsonObject(with: Data((file.metadata["keel"] ?? "").utf8))
        as? [String: Any])
    try change(&card)
    file.metadata["keel"] = String(
      decoding: try JSONSerialization.data(withJSONObject: card, options: .fragmentsAllowed),
      as: UTF8.self)
    try AtomicFile.write(try file.encoded(), to: scratch("changed"))
    return try CheckpointFile.read(scratch("changed"))
  }

  private static let recipe = """
    data: {csv: {file: d.csv, target: [y]}}
    standardize: both
    model: [{dense: 3}, batch-norm, {dense: 1}]
    loss: mean-squared-error
    optimizer: {adam: 0.01}
    training: {epochs: 2, batch: 3}
    """

  private static let nonsense: [(field: String, value: any Sendable)] = [
    ("step", -1), ("updates", -1), ("updates", Int.max), ("tally.vanishing", -3),
    ("tally.consecutiveSkips", Int.max), ("stride", 0), ("stride", Int.max), ("stride", -1),
    ("rows", -1), ("rows", Int.max), ("skipped", [3, 1]), ("skipped", [-1]), ("excluded", [-1]),
    ("excluded", [1, 1]),
  ]

  @Test(arguments: nonsense.indices) func countersThatNoRunComesTo(_ index: Int) async throws {
    let (field, value) = Self.nonsense[index]
    let scratch = try Scratch()
    let error = await #expect(throws: KeelError.self) {
      _ = try await read(scratch) { card in
        var progress = try #require(card["progress"] as? [String: Any])
        let path = field.split(separator: ".").map(String.init)
        if path.count == 1 {
          progress[field] = value
        } else {
          var inner = try #require(progress[path[0]] as? [String: Any])
          inner[path[1]] = value
          progress[path[0]] = inner
        }
        card["progress"] = progress
      }
    }
    #expect(error?.kind == .invalid)
    #expect(error?.place == "progress.\(field)" || field == "step")
  }

  @Test(arguments: [[-1], [Int.min], [0], [Int.max, Int.max], [2, 2]])
  func shapesThatNoRowHas(_ input: [Int]) async throws {
    let scratch = try Scratch()
    let error = await #expect(throws: KeelError.self) {
      _ = try await read(scratch) { $0["input"] = input }
    }
    #expect(error?.kind == .invalid)
  }

  @Test(arguments: ["NaN", "Infinity", "-1"]) func scalesThatNoColumnHas(_ std: String)
    async throws
  {
    let scratch = try Scratch()
    let value: Any = Double(std).flatMap { $0.isFinite ? $0 : nil } ?? std
    let error = await #expect(throws: KeelError.self) {
      _ = try await read(scratch) { $0["inputScale"] = ["mean": [0, 0], "std": [1, value]] }
    }
    #expect(error?.place == "inputScale")
  }

  @Test func aColumnTwiceIsRefused() async throws {
    let scratch = try Scratch()
    let error = await #expect(throws: KeelError.self) {
      _ = try await read(scratch) { $0["columns"] = ["x", "x"] }
    }
    #expect(error?.place == "columns")
  }

  /// Nobody goes on without a row.
  @Test(arguments: [[0, 1, 2, 3, 4, 5], [6]]) func rowsThatAreNotThere(_ rows: [Int]) async throws {
    let scratch = try Scratch()
    let checkpoint = try await read(scratch) { card in
      var progress = try #require(card["progress"] as? [String: Any])
      progress["excluded"] = rows
      card["progress"] = progress
    }
    let recipe = try RecipeFile.read(scratch("net.yaml"))
    let error = try failure { _ = try Run(resuming: checkpoint, of: Problem(recipe)) }
    #expect(error.place == "progress.excluded")
  }

  /// The same numbers under other names are other data.
  @Test func columnsUnderOtherNamesAreRefused() async throws {
    let scratch = try Scratch()
    let checkpoint = try await read(scratch) { _ in }
    let rows = try String(contentsOfFile: scratch("d.csv"), encoding: .utf8).dropFirst(5)
    try scratch.write("d.csv", "z,x,y\(rows)")
    let recipe = try RecipeFile.read(scratch("net.yaml"))
    let error = try failure { _ = try Run(resuming: checkpoint, of: Problem(recipe)) }
    #expect(
      error.description == "data: the input columns have other names: 'x' is now 'z', 'z' is now "
        + "'x'; bring those of the checkpoint back, or train from the start")
  }

  /// A file larger than memory is judged by its header; the numbers are holes that nobody reads.
  @Test func aHugeFileIsRefusedByItsHeader() throws {
    let scratch = try Scratch()
    let bytes = 1 << 40
    let header = Data(
      "{\"w\": {\"dtype\": \"F32\", \"shape\": [\(bytes / 4)], \"data_offsets\": [0, \(bytes)]}}"
        .utf8)
    let start = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) } + header
    let path = try scratch.write("huge", start)
    #expect(truncate(path, off_t(start.count + bytes)) == 0)
    let error = try failure { _ = try CheckpointFile.read(path) }
    #expect(error.what == "does not say which recipe it belongs to")
  }

  /// A step that was taken had a loss; a parameter that is lost is of no use to anybody.
  @Test func numbersThatNoTrainingLeaves() async throws {
    let scratch = try Scratch()
    _ = try await read(scratch) { _ in }
    func changed(_ name: String, _ value: Float) throws -> String {
      var file = try Safetensors(SafetensorsHeader(scratch("kept")))
      let index = try #require(file.tensors.firstIndex { $0.name == name })
      let tensor = file.tensors[index]
      file.tensors[index] = .init(
        name: name, shape: tensor.shape, values: [value] + tensor.values.dropFirst())
      try AtomicFile.write(try file.encoded(), to: scratch("changed"))
      return scratch("changed")
    }
    for (name, value) in [
      ("trace.loss", -Float.infinity), ("trace.loss", .nan), ("trace.gradient-norm", -1),
      ("trace.clipped-norm", -.infinity),
    ] {
      let path = try changed(name, value)
      let error = try failure { _ = try CheckpointFile.read(path) }
      #expect(error.kind == .invalid && error.place == "trace", "\(name) \(value)")
    }
    let recipe = try RecipeFile.read(scratch("net.yaml"))
    for (name, value) in [
      ("dense-1.weight", Float.nan), ("adam.first-moment/dense-1.weight", .infinity),
    ] {
      let checkpoint = try CheckpointFile.read(try changed(name, value))
      let error = try failure { _ = try Run(resuming: checkpoint, of: Problem(recipe)) }
      #expect(error.what == "\(name) holds a number that no training leaves there")
    }
    #expect(try CheckpointFile.read(changed("dense-1.weight", .nan)).network.lostTensor != nil)
  }

  /// Written, and read again with the catalogue that knows it.
  @Test func whatIsYourOwnIsReadAgain() async throws {
    let scratch = try Scratch()
    var recipe = try Draft.plain.recipe()
    recipe.model = [.dense(4), Choice(Twice()), .dense(3)]
    let run = try Run(Problem(recipe))
    _ = await run.train()
    let network = try await run.network
    try CheckpointFile.write(try await run.checkpoint(), to: scratch("own"))
    let again = try CheckpointFile.read(scratch("own"), catalog: .standard + [Twice.self])
    #expect(again.network.tensors == network.tensors && again.step == 3)
    let error = try failure { _ = try CheckpointFile.read(scratch("own")) }
    #expect(error.place.hasSuffix("own, recipe: model[1]"))
    #expect(error.what == "'twice' is not a layer")
  }
}
