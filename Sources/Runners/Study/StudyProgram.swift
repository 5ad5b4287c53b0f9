import CProcesses
import Foundation
import KeelEngine

/// The program of one trial of a study, as far as it has come: it runs in a folder of its own, and
/// can be stopped where it is and let go on.
///
/// One trial at a time has it.
final class StudyProgram: @unchecked Sendable {
  /// What comes of it next.
  enum Event {
    case loss(Double)
    /// Its code, or the signal that ended it; and its last lines.
    case end(code: Int32, signal: Int32)
  }

  /// Which trial of its study it is of: no other has the number.
  let number: Int
  /// What it is called in messages: `program 'python train.py'`.
  let name: String
  private var program = keel_program(guard: 0, input: -1, output: -1, lifeline: -1)
  private let folder: String
  private let folders: TrialFolders
  private var reader: LossReader
  private var output = LineBuffer()
  private var losses: [Double] = []
  /// Whether the rest of a line is let go that is longer than any that is looked at.
  private var isSkipping = false
  /// Whether it has closed its output: it may go on all the same, and write a log.
  private var isSilent = false
  /// How it ended; nil while it runs.
  private var ending: Event?
  /// Its last lines, and whether each tells a loss.
  private var lastLines: [(text: String, isLoss: Bool)] = []
  /// When its log is looked at next: reading takes longer the longer it is.
  private var nextLook = ContinuousClock.now

  /// Milliseconds after which a waiting trial sees that it is cancelled, or that a log has grown.
  private static let (slice, look): (Int32, Int32) = (200, 20)
  private static let chunk = 1 << 16
  /// A longer line is none: what has no end is let go.
  private static let longest = 1 << 16
  private static let kept = 10

  /// Starts it.
  /// - Parameters:
  ///   - words: its command line.
  ///   - environment: `NAME=value`.
  /// - Throws: `KeelError` where it cannot be started.
  init(
    _ words: [String], reading source: LossSource, in folder: String, of folders: TrialFolders,
    environment: [String], number: Int
  ) throws {
    self.number = number
    name = "program '\(EngineChannel.shown(words.joined(separator: " ")))'"
    (self.folder, self.folders) = (folder, folders)
    reader = LossReader(source, in: folder)
    let error = withCStrings(words) { words in
      withCStrings(environment) { environment in
        folder.withCString { folder in
          var command = keel_command(
            argv: words, folder: folder, environment: environment, joins_errors: 1)
          return keel_start(&command, &program)
        }
      }
    }
    guard error == 0 else {
      throw KeelError(
        [ENOENT, EACCES, ENOTDIR].contains(error) ? .missing : .invalid, at: name,
        "cannot be started (\(String(cString: strerror(error))))",
        fix: "check that '\(words[0])' runs by itself in the study's folder")
    }
    // Nobody is there to answer.
    keel_close_input(&program)
  }

  deinit {
    _ = keel_end(&program)
    folders.remove(folder)
  }

  // MARK: what it does

  /// It stays where it is.
  func stop() { if ending == nil { keel_stop(&program) } }

  func goOn() { if ending == nil { keel_continue(&program) } }

  /// Its next loss, or its end.
  /// - Parameter patience: seconds without a loss or a line after which it counts as hung.
  /// - Throws: `KeelError` where it tells what is no loss, or nothing for so long;
  ///   `CancellationError`.
  func next(within patience: Double, isCancelled: () -> Bool) throws -> Event {
    var end = ContinuousClock.now + .seconds(patience)
    while true {
      if !losses.isEmpty { return .loss(losses.removeFirst()) }
      if let ending {
        guard reader.isOfLog, case let late = try reader.newLosses(), !late.isEmpty else {
          return ending
        }
        losses = late
        continue
      }
      if isCancelled() { throw CancellationError() }
      guard ContinuousClock.now < end else {
        throw KeelError(
          .invalid, at: name,
          "has told no loss, and printed no line, for \(Int(patience)) s" + last,
          fix: "flush each line, or give the study a longer 'patience'")
      }
      if isSilent {
        try waitForEnd()
      } else {
        switch keel_wait_readable(program.output, reader.isOfLog ? Self.look : Self.slice) {
        case 0: break
        case 1:
          try readOutput()
          end = ContinuousClock.now + .seconds(patience)
        default: isSilent = true
        }
      }
      if reader.isOfLog, ContinuousClock.now >= nextLook {
        let begin = ContinuousClock.now
        losses += try reader.newLosses()
        let spent = ContinuousClock.now - begin
        nextLook = ContinuousClock.now + max(Duration.milliseconds(Int(Self.look)), spent * 10)
      }
    }
  }

  private func readOutput() throws {
    let count = try withUnsafeTemporaryAllocation(byteCount: Self.chunk, alignment: 1) { chunk in
      let count = read(program.output, chunk.baseAddress, chunk.count)
      if count > 0 { output.append(chunk.prefix(count)) }
      // A progress bar returns to the beginning of its line.
      while let line = output.next(endingWhere: { $0 == 0x0A || $0 == 0x0D }) {
        // The end of what was let go is none.
        if !isSkipping { try take(line) }
        isSkipping = false
      }
      if output.pending > Self.longest {
        if !isSkipping { try take(output.rest()) } else { _ = output.rest() }
        isSkipping = true
      }
      return count
    }
    // A signal is no end.
    guard count <= 0, count == 0 || errno != EINTR else { return }
    if !isSkipping { try take(output.rest()) }
    isSilent = true
  }

  /// Its end, where it has come; not asked for: who has closed its output may still be at work.
  private func waitForEnd() throws {
    var status: CInt = 0
    guard keel_has_ended(&program, &status) == 1 else {
      usleep(useconds_t(Self.look) * 1000)
      return
    }
    ending = .end(code: status >> 8 & 0xFF, signal: status & 0x7F)
  }

  private func take(_ line: ArraySlice<UInt8>) throws {
    guard !line.isEmpty else { return }
    let loss = try reader.loss(in: line)
    if let loss { losses.append(loss) }
    lastLines.append((String(decoding: line.prefix(200), as: UTF8.self), loss != nil))
    lastLines.removeFirst(max(0, lastLines.count - Self.kept))
  }

  // MARK: what is said of its end

  /// Its last line, for a message.
  private var last: String { lastLines.last.map { "; its last line: '\($0.text)'" } ?? "" }

  /// Whether its last words, those that tell a loss aside, are of a number that is not finite.
  var namesNonFinite: Bool {
    lastLines.contains {
      !$0.isLoss
        && $0.text.lowercased().firstMatch(
          of: /\b(nan|nans|inf|infinity|infinite|overflow|non-?finite)\b/)
          != nil
    }
  }

  /// The error of an end that is none of a training.
  func failure(code: Int32, signal: Int32, after steps: Int) -> KeelError {
    if steps == 0, code == 0, signal == 0 {
      let absence = reader.absence
      return KeelError(
        .invalid, at: name, "has ended without a loss: \(absence.what)", fix: absence.fix)
    }
    let how = signal != 0 ? "was ended by signal \(signal)" : "has ended with code \(code)"
    let when = steps == 0 ? "before its first loss" : "after \(steps) of its losses"
    return KeelError(
      .invalid, at: name, "\(how) \(when)\(last)",
      fix: code == 126 || code == 127
        ? "check that the command runs by itself" : "run the command by itself, and mend that first"
    )
  }
}
