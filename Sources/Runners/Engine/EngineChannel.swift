import CProcesses
import Foundation
import KeelData
import KeelEngine

/// A line to an engine: JSON there and back, one object a line.
///
/// What else the engine prints is passed on as its log.
final class EngineChannel {
  /// What the engine is called in messages.
  private let name: String
  private var program: keel_program
  /// Whether this process started it; otherwise it was started by the engine.
  private let isOwn: Bool
  private var output = LineBuffer()
  private var lines = 0
  private let log: (String) -> Void

  /// Longer lines are no answers.
  private static let longest = 4 << 20
  /// Milliseconds after which a waiting trial sees that it is cancelled.
  private static let slice: Int32 = 200
  /// Seconds that an engine has to end by itself once nothing more is asked.
  private static let farewell = 2.0
  /// Bytes read at a time.
  private static let chunk = 1 << 16

  /// Starts an engine under a guard, which ends it, and all that it has started, when this process
  /// does.
  /// - Parameters:
  ///   - command: as one would type it.
  ///   - log: gets every line that is no answer.
  /// - Throws: `KeelError` where it cannot be started.
  init(starting command: String, log: @escaping (String) -> Void) throws {
    (name, isOwn, self.log) = ("engine '\(Self.shown(command))'", true, log)
    program = keel_program(guard: 0, input: -1, output: -1, lifeline: -1)
    let error = withCStrings(["/bin/sh", "-c", command]) { words in
      var command = keel_command(argv: words, folder: nil, environment: nil, joins_errors: 0)
      return keel_start(&command, &program)
    }
    guard error == 0 else {
      throw KeelError(
        .missing, at: name, "cannot be started (\(String(cString: strerror(error))))",
        fix: "check that the command runs by itself")
    }
  }

  /// Speaks with the engine that started this process.
  init(log: @escaping (String) -> Void) {
    (name, isOwn, self.log) = ("the engine", false, log)
    program = keel_program(guard: 0, input: 1, output: 0, lifeline: -1)
  }

  deinit { end() }

  /// Ends the engine, where it was started here.
  func end() {
    guard isOwn else { return }
    _ = keel_end(&program)
  }

  /// Closes this end, and gives the engine a while to say its last words.
  func close() {
    guard isOwn, program.input >= 0 else { return }
    keel_close_input(&program)
    let end = ContinuousClock.now + .seconds(Self.farewell)
    while ContinuousClock.now < end, let line = try? line(within: Self.farewell, { false }) {
      log(String(decoding: line, as: UTF8.self))
    }
    _ = keel_end(&program)
  }

  func send(_ message: JSONValue) throws {
    var line = message.line
    line.append(UInt8(ascii: "\n"))
    let error = line.withUnsafeBytes { keel_write_all(program.input, $0.baseAddress, $0.count) }
    guard error == 0 else { throw hasEnded() }
  }

  /// The next answer.
  /// - Parameter patience: seconds without a line after which it counts as hung.
  /// - Throws: `KeelError` where it has ended, is silent for so long, or its answer is no JSON;
  ///   `CancellationError`.
  func answer(
    within patience: Double, isCancelled: () -> Bool = { false }
  ) throws -> JSONValue {
    while true {
      let line = try line(within: patience, isCancelled)
      lines += 1
      guard let first = line.first(where: { $0 != UInt8(ascii: " ") }),
        first == UInt8(ascii: "{")
      else {
        log(String(decoding: line, as: UTF8.self))
        continue
      }
      guard let value = JSONValue(line), case .object = value else {
        throw invalid("is no JSON object: \(Self.shown(line))")
      }
      return value
    }
  }

  /// An error about the latest line.
  func invalid(_ what: String) -> KeelError {
    KeelError(
      .invalid, at: "\(name), line \(lines)", what,
      fix: "answer as Guides/Engines.md says, one JSON object a line; print nothing else with {")
  }

  private func line(
    within patience: Double, _ isCancelled: () -> Bool
  ) throws -> ArraySlice<UInt8> {
    let end = ContinuousClock.now + .seconds(patience)
    while true {
      if let line = output.next() { return line }
      guard output.pending <= Self.longest else {
        lines += 1
        throw invalid("is longer than 4 MiB")
      }
      while keel_wait_readable(program.output, Self.slice) == 0, ContinuousClock.now < end {
        if isCancelled() { throw CancellationError() }
      }
      guard keel_wait_readable(program.output, 0) == 1 else {
        throw KeelError(
          .invalid, at: name, "has printed nothing for \(Int(patience)) s",
          fix: "print a line for every step, and flush it; or end the trial")
      }
      var chunk = [UInt8](repeating: 0, count: Self.chunk)
      let count = read(program.output, &chunk, chunk.count)
      guard count > 0 else {
        let rest = output.rest()
        if !rest.isEmpty { log(String(decoding: rest, as: UTF8.self)) }
        throw hasEnded()
      }
      output.append(chunk[..<count])
    }
  }

  private func hasEnded() -> KeelError {
    guard isOwn else {
      return KeelError(
        .invalid, at: name, "has closed its end", fix: "read and answer until Keel says done")
    }
    let status = keel_end(&program)
    // A shell tells of a signal by a code above 128.
    let code = status >> 8
    let signal = code > 128 ? code - 128 : status & 0x7F
    if code == 126 || code == 127 {
      return KeelError(
        .missing, at: name, "cannot be started", fix: "check that the command runs by itself")
    }
    return KeelError(
      .invalid, at: name,
      signal != 0 ? "was ended by signal \(signal)" : "has ended with code \(code)",
      fix: "see what it has printed; an engine answers until its standard input closes")
  }

  /// A command as messages name it.
  static func shown(_ command: String) -> String {
    let first = command.split(separator: "\n").first.map(String.init) ?? command
    return first == command && first.count <= 60 ? first : "\(first.prefix(60))…"
  }

  private static func shown(_ line: ArraySlice<UInt8>) -> String {
    String(decoding: line.prefix(80), as: UTF8.self) + (line.count > 80 ? "…" : "")
  }
}
