import Foundation
import Testing

/// The apps in `Examples`, run as their readers will.
struct ExamplesTests {
  private static func run(_ name: String, _ arguments: [String]) throws -> String {
    let checkout = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    // Beside the tests, where one build puts both.
    let folders =
      [URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()]
      + ["release", "debug"].map { checkout.appendingPathComponent(".build/\($0)") }
    let file = try #require(
      folders.map { $0.appendingPathComponent(name) }
        .first { FileManager.default.isExecutableFile(atPath: $0.path) }, "build \(name) first")
    let (process, pipe) = (Process(), Pipe())
    (process.executableURL, process.arguments, process.standardOutput) = (file, arguments, pipe)
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(text)")
    return text
  }

  /// It foresees the explosion, heals it, keeps itself; and started again it goes on from its file.
  @Test func readings() throws {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("keel-\(UUID().uuidString).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: file) }
    let first = try Self.run("readings", [file])
    for part in ["forecast: exploding", "went on with", "training: healthy", "the next reading:"] {
      #expect(first.contains(part), "\(first) says nothing of: \(part)")
    }
    #expect(!first.contains("goes on at step"))
    #expect(try Self.run("readings", [file]).contains("goes on at step"))
  }
}
