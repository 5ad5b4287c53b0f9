import Foundation
import KeelEngine
import KeelLogs
import Testing

/// Logs that the tools themselves wrote (`Tests/Vectors/make_logs.py`), and logs that are none.
struct TrainingLogTests {
  private static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Vectors/logs")

  private struct Truth: Decodable {
    let nonFinite, keras, huggingFace: Int
  }

  private static func truth() throws -> Truth {
    try JSONDecoder().decode(
      Truth.self, from: Data(contentsOf: folder.appendingPathComponent("truth.json")))
  }

  @Test(arguments: [
    ("tensorboard-simple", TrainingLog.Format.tensorBoard), ("tensorboard-tensor", .tensorBoard),
    ("metrics.csv", .lightning), ("log.jsonl", .jsonLines), ("mlflow", .mlflow),
    ("keras.csv", .keras), ("trainer_state.json", .huggingFace),
  ])
  func everyFormatIsRead(_ file: String, _ format: TrainingLog.Format) throws {
    let path = Self.folder.appendingPathComponent(file).path
    #expect(TrainingLog.isLog(path))
    let diagnosis = try LogDiagnosis(TrainingLog.read(path))
    #expect(diagnosis.log.format == format && diagnosis.log.remarks.isEmpty)
    let truth = try Self.truth()
    let step =
      format == .keras ? truth.keras : format == .huggingFace ? truth.huggingFace : truth.nonFinite
    #expect(diagnosis.verdict == .exploding && diagnosis.explosion?.kind == .nonFinite)
    #expect(diagnosis.explosion?.step == step)
    // A quadratic bowl at a rate that is too high: one factor in every step, from the first on.
    guard format != .keras else { return #expect(diagnosis.law == nil) }
    let law = try #require(diagnosis.law)
    #expect(law.isExponential && law.factor > 1000 && law.factor < 4000)
    #expect(abs(law.overflow - Double(step)) <= 2)
    #expect(diagnosis.findings.first?.cause == "large-learning-rate")
    #expect(diagnosis.findings.allSatisfy { $0.confidence <= 0.8 && $0.kind == .suspect })
  }

  // MARK: what is wrong with a file

  private static func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "keel-log-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let file = folder.appendingPathComponent(name)
    try Data(bytes).write(to: file)
    return file.path
  }

  private static func remove(_ path: String) {
    try? FileManager.default.removeItem(
      at: URL(fileURLWithPath: path).deletingLastPathComponent())
  }

  private static func events() throws -> Data {
    try Data(
      contentsOf: folder.appendingPathComponent(
        "tensorboard-simple/events.out.tfevents.1700000000.made"))
  }

  /// Cut anywhere, or damaged in any byte of its last part: what comes before is read.
  @Test func whatIsCutOrDamagedIsReadAsFar() throws {
    let whole = try [UInt8](Self.events())
    for cut in stride(from: whole.count - 1, to: whole.count - 200, by: -7) {
      let path = try Self.write("events.out.tfevents.1.a", whole[..<cut])
      defer { Self.remove(path) }
      let log = try TrainingLog.read(path)
      #expect((log.series["train/loss"]?.count ?? 0) >= 50)
    }
    var damaged = whole
    damaged[whole.count - 40] ^= 0x10
    let path = try Self.write("events.out.tfevents.1.a", damaged)
    defer { Self.remove(path) }
    let log = try TrainingLog.read(path)
    #expect(log.remarks.count == 1 && log.remarks[0].contains("damaged"))
    #expect((log.series["train/loss"]?.count ?? 0) >= 50)
  }

  @Test func tablesOfEveryKind() throws {
    for (text, remark) in [
      ("step;loss;lr\n0;1,5;0,1\n1;2,5;0,1\n2;nan;0,1\n", "decimal point"),
      ("loss,acc\n1.5,0\n2.5,0\nnan,0\n", "no column of steps"),
    ] {
      let path = try Self.write("log.csv", text.utf8)
      defer { Self.remove(path) }
      let log = try TrainingLog.read(path)
      #expect(log.series["loss"]?.points.prefix(2).map(\.value) == [1.5, 2.5])
      #expect(log.series["loss"]?.firstNonFinite?.step == 2)
      #expect(log.remarks.contains { $0.contains(remark) })
    }
  }

  /// Commas and line ends within quotes are of the cell.
  @Test func quotesAreKept() throws {
    let rows = (0..<40).map { "\($0),\"a, \"\"\($0)\"\"\",\(2 - Double($0) / 50)" }
    let diagnosis = try Self.diagnosis(
      "log.csv", "step,note,loss\n" + rows.joined(separator: "\n") + "\n")
    #expect(diagnosis.log.series["loss"]?.points.last?.value == 2 - 39.0 / 50)
  }

  /// One low value among many that are lost moves nothing.
  @Test func oneLowValueIsNoComingBack() throws {
    for low in [45, 59] {
      let rows = (0..<60).map { "\($0),\($0 < 40 ? 2 - Double($0) / 50 : $0 == low ? 1 : 1e6)" }
      let diagnosis = try Self.diagnosis(
        "log.csv", "step,loss\n" + rows.joined(separator: "\n") + "\n")
      #expect(diagnosis.explosion?.step == 40 && diagnosis.explosion?.kind == .divergence)
    }
  }

  /// What it is told of a log that two runs wrote into, and of one without the rest.
  @Test func whatALogHidesIsSaid() throws {
    let text = "step,loss\n" + (0..<20).map { "\($0 % 10),\($0)\n" }.joined()
    let path = try Self.write("log.csv", text.utf8)
    defer { Self.remove(path) }
    let diagnosis = try LogDiagnosis(TrainingLog.read(path))
    for part in ["go back", "no gradient norm", "no learning rate", "no norms of layers"] {
      #expect(diagnosis.hidden.contains { $0.contains(part) }, "\(part)")
    }
  }

  @Test func whatIsNoLogIsRefused() throws {
    let utf16: [UInt8] =
      [0xFF, 0xFE] + "step,loss\n".utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] as [UInt8] }
    let files: [(String, [UInt8], String)] = [
      ("log.pkl", [0x80, 0x04, 0x95, 0, 0], "pickle"), ("log.pt", [0x50, 0x4B, 3, 4, 0], "zip"),
      ("log.csv", utf16, "UTF-16"), ("log.bin", [UInt8](repeating: 0, count: 99), "UTF-16"),
      ("log.csv", Array("a,b\n1,2\n".utf8), "no loss"), ("log.txt", Array("hello".utf8), "no log"),
      ("log.csv", Array("step,loss\n".utf8), "no numbers"),
    ]
    for (name, bytes, word) in files {
      let path = try Self.write(name, bytes)
      defer { Self.remove(path) }
      let error = #expect(throws: KeelError.self) { try LogDiagnosis(TrainingLog.read(path)) }
      #expect(error?.what.contains(word) == true, "\(error?.description ?? "")")
    }
    #expect(throws: KeelError.self) { try TrainingLog.read("nowhere.csv") }
  }

  private static func diagnosis(_ name: String, _ text: String) throws -> LogDiagnosis {
    let path = try write(name, text.utf8)
    defer { remove(path) }
    return try LogDiagnosis(TrainingLog.read(path))
  }

  /// Hugging Face's filter logs a NaN as 0: the gradient beside it tells.
  @Test func aLossThatAFilterHasHiddenIsLost() throws {
    let entries = (0..<40).map { step in
      step < 30
        ? "{\"step\": \(step), \"loss\": \(2.3 - Double(step) / 50), \"grad_norm\": 1.0}"
        : "{\"step\": \(step), \"loss\": 0.0, \"grad_norm\": NaN}"
    }
    let diagnosis = try Self.diagnosis(
      "trainer_state.json", "{\"log_history\": [\(entries.joined(separator: ", "))]}")
    #expect(diagnosis.explosion?.step == 30 && diagnosis.explosion?.kind == .nonFinite)
    #expect(diagnosis.hidden.contains { $0.contains("logging_nan_inf_filter") })
  }

  /// A loss scaler's first gradients are infinite, and a spike comes back: nothing exploded.
  @Test func whatComesBackIsNoExplosion() throws {
    let scaled = (0..<200).map { step in
      "\(step),\(2.3 * exp(-Double(step) / 80)),\(step < 2 ? "inf" : "1.5")"
    }
    let healthy = try Self.diagnosis(
      "log.csv", "step,loss,grad_norm\n" + scaled.joined(separator: "\n") + "\n")
    #expect(healthy.verdict == .healthy && healthy.explosion == nil)
    let spiked = (0..<200).map { step in
      "\(step),\((100..<110).contains(step) ? 500 : 2.3 * exp(-Double(step) / 80))"
    }
    #expect(
      try Self.diagnosis("log.csv", "step,loss\n" + spiked.joined(separator: "\n") + "\n").verdict
        == .healthy)
    // The same first gradients, and a loss that is lost much later.
    let late = (0..<200).map { step in
      "\(step),\(step < 150 ? "1.0" : "nan"),\(step < 2 ? "inf" : "1.5")"
    }
    let lost = try Self.diagnosis(
      "log.csv", "step,loss,grad_norm\n" + late.joined(separator: "\n") + "\n")
    #expect(lost.explosion?.step == 150 && lost.explosion?.place == "loss")
  }

  /// A divergence that somebody stopped soon.
  @Test func aDivergenceAtTheEndIsSeen() throws {
    let rows = (0..<1000).map { "\($0),\($0 < 940 ? 1.0 : 1e6)" }
    let diagnosis = try Self.diagnosis(
      "log.csv", "step,loss\n" + rows.joined(separator: "\n") + "\n")
    #expect(diagnosis.explosion?.kind == .divergence && diagnosis.explosion?.step == 940)
  }

  /// Steps that no training has; a last row that was cut.
  @Test func oddRowsAreRead() throws {
    let steps = try Self.diagnosis(
      "loss", "1700000000000 1.0 9223372036854775807\n1700000000001 1.0 -9223372036854775808\n")
    #expect(steps.losses.first == 1)
    let cut = try Self.diagnosis("log.csv", "step,loss\n0,1.5\n1,1.4\n2,1")
    #expect(cut.log.series["loss"]?.count == 2 && cut.hidden[0].contains("left out"))
  }

  /// A recipe is none, whatever it is called.
  @Test func aRecipeIsNoLog() throws {
    let recipe = "data: {regression: {samples: 200, features: 6}}\nmodel: [{dense: 1}]\n"
    for (name, text) in [
      ("recipe.yaml", recipe), ("recipe", recipe),
      ("recipe.txt", "# One layer, no clip\n" + recipe),
      ("recipe.json", "{\"data\": {\"regression\": {}}, \"model\": [{\"dense\": 1}]}"),
    ] {
      let path = try Self.write(name, text.utf8)
      defer { Self.remove(path) }
      #expect(!TrainingLog.isLog(path), "\(name)")
    }
    #expect(!TrainingLog.isLog("/dev/stdin"))
  }

  /// Bytes that nobody wrote for it: an error or a log, and no more.
  @Test func anyBytesAreRead() throws {
    var state: UInt64 = 7
    func random() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 33
    }
    let seeds: [[UInt8]] = [
      try [UInt8](Self.events().prefix(2000)),
      Array("step,loss,lr\n0,1.5,0.1\n1,nan,0.1\n".utf8),
      Array("{\"step\": 0, \"loss\": NaN}\n{\"step\": 1, \"loss\": [1]}\n".utf8),
      Array("{\"log_history\": [{\"step\": 1, \"loss\": 0.5}]}".utf8),
      Array("1700000000000 1.5 0\n1700000000001 nan 1\n".utf8),
    ]
    for round in 0..<400 {
      var bytes = seeds[round % seeds.count]
      for _ in 0..<1 + Int(random() % 8) {
        bytes[Int(random()) % bytes.count] = UInt8(truncatingIfNeeded: random())
      }
      if random() % 4 == 0 { bytes.removeLast(Int(random()) % bytes.count) }
      let path = try Self.write("log", bytes)
      defer { Self.remove(path) }
      _ = TrainingLog.isLog(path)
      _ = try? LogDiagnosis(TrainingLog.read(path))
    }
  }
}
