import Foundation
import KeelEngine
import KeelFaultJudge
import KeelFaults
import KeelTestSupport
import Testing

/// Sixty recipes of the fault benchmark, on seeds of their own: the whole of it is `make faults`.
@Suite struct FaultsTests {
  private let folder = "\(NSTemporaryDirectory())keel-faults-\(UUID().uuidString)"

  /// In a process of its own, where every training has one thread.
  @Test(.timeLimit(.minutes(20)))
  func sixtyRecipes() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    // The same ones however fast the machine is.
    let draws = (0..<14).map { "T\($0)" } + (0..<40).map { "Th\($0)" }
    let (code, text) = try run(
      "--seeds", "T", "--only", draws.joined(separator: ","), "--no-baselines", "--out", folder)
    try #require(code == 0, "\(text)")
    let entries = try Ledger("\(folder)/T.jsonl").entries
    let seal = try Seal("\(folder)/T-sealed.txt")
    let report = Report(entries, seal)
    #expect(report.all.count >= 60)
    #expect(entries.flatMap(\.failures).isEmpty)
    #expect(text.contains("| valid faults | \(report.faults.count): "))
    // What is measured on hundreds must hold here without a single exception …
    #expect(report.exploding.allSatisfy { $0.cure == .exploding })
    #expect(report.all.allSatisfy { $0.isExploding || $0.cure != .exploding })
    // … and this in nearly all. Of healthy ones five to eight in a thousand are forecast to explode
    // (`make faults`): which, another processor's rounding decides.
    #expect(report.healthy.count(where: \.isForecast) <= 1, "\(text)")
    let faults = report.exploding
    #expect(Double(faults.count(where: \.isForecast)) >= 0.85 * Double(faults.count), "\(text)")
    #expect(Double(faults.count(where: \.isNamed)) >= 0.75 * Double(faults.count), "\(text)")
    #expect(Double(faults.count(where: \.isCured)) >= 0.85 * Double(faults.count), "\(text)")
    // Every one was foretold before it was trained.
    #expect(report.all.allSatisfy(seal.holds))
  }

  /// - Returns: the exit code, and standard output.
  private func run(_ arguments: String...) throws -> (Int32, String) {
    let places = [
      URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent(),
      Bundle.main.bundleURL, Bundle.main.bundleURL.deletingLastPathComponent(),
      URL(fileURLWithPath: Checkout.path(".build/release")),
    ]
    let process = Process()
    let tool: URL = try #require(
      places.map { $0.appendingPathComponent("faults") }
        .first { FileManager.default.isExecutableFile(atPath: $0.path) })
    process.executableURL = tool
    process.arguments = arguments
    let (output, errors) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (output, errors)
    errors.fileHandleForReading.readabilityHandler = { _ = $0.availableData }
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }

  @Test func drawFollowsFromItsIndex() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    func made() throws -> ([String], [Outcome], [Rejection]) {
      var draw = Draw(set: .t, index: 4, folder: folder) { _ in }
      let specimens = try draw.specimens()
      return (specimens.map(\.id), specimens.flatMap(\.outcomes), draw.rejections)
    }
    let (first, second) = (try made(), try made())
    #expect(first == second)
    #expect(first.0.count > 1)
  }

  /// What an interrupted run left half written is done again.
  @Test func ledgerGoesOnAfterHalfALine() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let path = "\(folder)/T.jsonl"
    func entry(_ key: String) -> Ledger.Entry {
      .init(key: key, judgements: [], rejections: [], seconds: [1, 2], failures: [])
    }
    try Ledger(path).add(entry("T0"))
    let file = try #require(FileHandle(forWritingAtPath: path))
    try file.seekToEnd()
    try file.write(contentsOf: Data("{\"key\":\"T1\",\"judg".utf8))
    let ledger = try Ledger(path)
    #expect(ledger.keys == ["T0"])
    try ledger.add(entry("T2"))
    #expect(try Ledger(path).keys == ["T0", "T2"])
  }

  @Test func worksAreReadByTheirKeys() throws {
    #expect(Work("A17").map(\.key) == "A17")
    #expect(Work("Bh204").map(\.key) == "Bh204")
    for text in ["", "E1", "A", "Ah", "A-1", "Axy"] { #expect(Work(text) == nil, "\(text)") }
    #expect(Selection("learning-rate") == .kind(.rate))
    let works = [
      Work(set: .a, index: 17, isHealthy: false), Work(set: .b, index: 4, isHealthy: true),
    ]
    #expect(Selection("A17,Bh4") == .draws(works))
    for text in ["", "A17,", "A17;Bh4", "rate"] { #expect(Selection(text) == nil, "\(text)") }
  }
}
