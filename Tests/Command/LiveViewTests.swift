import Foundation
import Testing

/// The lines that a person sees while a command works, in a window that `script` makes.
///
/// That of util-linux: Apple's takes other options.
@Suite(.enabled(if: isLinux && FileManager.default.fileExists(atPath: "/usr/bin/script")))
struct LiveViewTests {

  /// What comes out of a command in a window.
  /// - Parameter interrupting: what must stand there before somebody presses Ctrl-C.
  private func window(
    _ command: String, _ environment: String = "", columns: Int = 80,
    recipe: String = Sample.healthy, interrupting sight: String? = nil
  ) throws -> String {
    let tool = try Tool()
    try tool.write("r.yaml", recipe)
    let line =
      "stty cols \(columns) rows 30; cd '\(tool.folder)' && "
      + "exec env \(environment) '\(Tool.executable?.path ?? "keel")' \(command)"
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/script")
    process.arguments = ["-qec", line, "/dev/null"]
    let (keys, pipe) = (Pipe(), Pipe())
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = sight == nil ? FileHandle.nullDevice : keys
    try process.run()
    // A sight that does not come is not waited for for ever.
    DispatchQueue.global().asyncAfter(deadline: .now() + 60) { process.terminate() }
    var (data, isPressed) = (Data(), false)
    while case let more = pipe.fileHandleForReading.availableData, !more.isEmpty {
      data += more
      guard let sight, !isPressed,
        String(decoding: data.suffix(4096), as: UTF8.self).contains(sight)
      else {
        continue
      }
      isPressed = true
      try keys.fileHandleForWriting.write(contentsOf: Data([3]))
    }
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
  }

  /// The page stands where the lines stood, and the cursor was never hidden.
  @Test func theLinesAreGoneAtTheEnd() throws {
    let out = try window("train r.yaml", "LC_ALL=C.UTF-8 TERM=xterm")
    let cleared = try #require(out.range(of: "\u{1B}[J", options: .backwards))
    #expect(out[cleared.upperBound...].contains("✓ healthy"))
    #expect(!out.contains("\u{1B}[?25l") && !out.contains("\u{1B}[?1049h"))
  }

  /// After Ctrl-C as well.
  @Test func theLinesAreGoneAfterCtrlC() throws {
    let out = try window(
      "train r.yaml --archive none", "LC_ALL=C.UTF-8 TERM=xterm", recipe: Sample.long,
      interrupting: "layers ")
    let page = try #require(out.range(of: "stopped on request")).lowerBound
    let cleared = try #require(out[..<page].range(of: "\u{1B}[J", options: .backwards))
    #expect(out[..<cleared.lowerBound].contains("^C"))
    #expect(!out[cleared.upperBound...].contains("layers "))
    #expect(!out.contains("\u{1B}[?25l") && !out.contains("\u{1B}[?1049h"))
  }

  /// None breaks, and a wider window is made use of.
  @Test(arguments: [80, 120]) func theLinesFit(_ columns: Int) throws {
    let out = try window(
      "train r.yaml --archive none", "LC_ALL=C.UTF-8 NO_COLOR=1 TERM=xterm", columns: columns,
      recipe: Sample.long, interrupting: "layers ")
    // Pictures are drawn over each other: what stands between two is one.
    let pictures = out.components(separatedBy: "\u{1B}[J").filter { $0.contains("layers ") }
    let widths = pictures.flatMap { $0.split(whereSeparator: \.isNewline) }
      .map { $0.replacing(/\u{1B}\[\d*[A-Za-z]/, with: "").count }
    let widest = try #require(widths.max())
    #expect(widest <= columns && widest > columns - 20)
  }

  @Test func withoutColoursThereAreNone() throws {
    let out = try window("train r.yaml", "NO_COLOR=1 TERM=xterm")
    #expect(!out.contains("m✓") && out.contains("✓ healthy"))
    #expect(out.matches(of: /\u{1B}\[\d+m/).isEmpty)
  }

  /// A window that cannot move its cursor gets plain lines.
  @Test func aDumbWindowGetsNoEscapes() throws {
    let out = try window("train r.yaml", "TERM=dumb")
    #expect(!out.contains("\u{1B}") && out.contains("✓ healthy"))
  }
}

#if os(Linux)
  private let isLinux = true
#else
  private let isLinux = false
#endif
