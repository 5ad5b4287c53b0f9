import Foundation
import Testing

/// The lines that a person sees while a command works, in a window that `script` makes.
///
/// That of util-linux: Apple's takes other options.
@Suite(.enabled(if: isLinux && FileManager.default.fileExists(atPath: "/usr/bin/script")))
struct LiveViewTests {

  /// What comes out of a command in a window.
  private func window(_ command: String, _ environment: String = "") throws -> (String, Tool) {
    let tool = try Tool()
    try tool.write("r.yaml", Sample.healthy)
    let line =
      "cd '\(tool.folder)' && \(environment) '\(Tool.executable?.path ?? "keel")' \(command)"
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/script")
    process.arguments = ["-qec", line, "/dev/null"]
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (String(decoding: data, as: UTF8.self), tool)
  }

  /// The page stands where the lines stood, and the cursor was never hidden.
  @Test func theLinesAreGoneAtTheEnd() throws {
    let (out, _) = try window("train r.yaml", "LC_ALL=C.UTF-8 TERM=xterm")
    let cleared = try #require(out.range(of: "\u{1B}[J", options: .backwards))
    #expect(out[cleared.upperBound...].contains("✓ healthy"))
    #expect(!out.contains("\u{1B}[?25l") && !out.contains("\u{1B}[?1049h"))
  }

  @Test func withoutColoursThereAreNone() throws {
    let (out, _) = try window("train r.yaml", "NO_COLOR=1 TERM=xterm")
    #expect(!out.contains("m✓") && out.contains("✓ healthy"))
    #expect(out.matches(of: /\u{1B}\[\d+m/).isEmpty)
  }

  /// A window that cannot move its cursor gets plain lines.
  @Test func aDumbWindowGetsNoEscapes() throws {
    let (out, _) = try window("train r.yaml", "TERM=dumb")
    #expect(!out.contains("\u{1B}") && out.contains("✓ healthy"))
  }
}

#if os(Linux)
  private let isLinux = true
#else
  private let isLinux = false
#endif
