import CProcesses
import Foundation
import Testing

/// No program outlives who started it.
struct GuardTests {
  private func start(_ script: String) throws -> keel_program {
    let (program, error) = start(["/bin/sh", "-c", script])
    try #require(error == 0)
    return program
  }

  private func start(_ words: [String], joinsErrors: Bool = false) -> (keel_program, CInt) {
    var program = keel_program(guard: 0, input: -1, output: -1, lifeline: -1)
    let arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    let error = arguments.withUnsafeBufferPointer { words in
      var command = keel_command(
        argv: words.baseAddress, folder: nil, environment: nil, joins_errors: joinsErrors ? 1 : 0)
      return keel_start(&command, &program)
    }
    return (program, error)
  }

  /// The first line that a program prints, as a number.
  private func number(from program: keel_program) throws -> pid_t {
    var text = ""
    var byte: UInt8 = 0
    while keel_wait_readable(program.output, 5000) == 1, read(program.output, &byte, 1) == 1,
      byte != UInt8(ascii: "\n")
    {
      text.append(Character(UnicodeScalar(byte)))
    }
    return try #require(pid_t(text.trimmingCharacters(in: .whitespaces)))
  }

  private func isGone(_ process: pid_t) async throws -> Bool {
    for _ in 0..<100 where kill(process, 0) == 0 { try await Task.sleep(for: .milliseconds(50)) }
    return kill(process, 0) != 0
  }

  /// With its children, also where they do not listen.
  @Test(arguments: ["", "trap '' TERM; "]) func endsWithAllItStarted(trap: String) async throws {
    var program = try start("\(trap)sleep 60 & echo $!; wait; sleep 60")
    let child = try number(from: program)
    #expect(kill(child, 0) == 0)
    _ = keel_end(&program)
    #expect(try await isGone(child))
  }

  /// Where the starter is killed nobody is left to end anything: the guard does it.
  @Test func endsWhereTheStarterIsKilled() async throws {
    var program = try start("echo $$; sleep 60")
    let process = try number(from: program)
    // What the system does with a process that is killed: it closes the lifeline.
    close(program.lifeline)
    program.lifeline = -1
    #expect(try await isGone(process))
    _ = keel_end(&program)
  }

  /// Where the guard is killed, too.
  @Test func endsWhereTheGuardIsKilled() async throws {
    #if os(Linux)
      var program = try start("echo $$; exec sleep 60")
      let process = try number(from: program)
      kill(program.guard, SIGKILL)
      #expect(try await isGone(process))
      _ = keel_end(&program)
    #endif
  }

  @Test func tellsHowItEnded() throws {
    var program = try start("exit 7")
    var byte: UInt8 = 0
    #expect(read(program.output, &byte, 1) == 0)
    #expect(keel_end(&program) >> 8 == 7)
    #expect(start(["/no/such/program"]).1 == ENOENT)
  }

  /// What leaves its group, as what goes into the background does, ends with it.
  @Test func endsWhatLeavesTheGroup() async throws {
    #if os(Linux)
      var program = try start("setsid sh -c 'echo $$; exec sleep 60' & sleep 60")
      let process = try number(from: program)
      _ = keel_end(&program)
      #expect(try await isGone(process))
      var leaver = try start("setsid sh -c 'echo $$; exec sleep 60' & sleep 0.5")
      let left = try number(from: leaver)
      // It ends by itself, and takes along what it has left behind.
      #expect(try await isGone(left))
      _ = keel_end(&leaver)
    #endif
  }

  /// One that is stopped does nothing, goes on where it was, and can be ended.
  @Test func stopsAndGoesOn() async throws {
    var program = try start("while :; do echo 1; sleep 0.01; done")
    _ = try number(from: program)
    keel_stop(&program)
    try await Task.sleep(for: .milliseconds(200))
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    if keel_wait_readable(program.output, 0) == 1 { _ = read(program.output, &chunk, chunk.count) }
    #expect(keel_wait_readable(program.output, 300) == 0)
    keel_continue(&program)
    #expect(keel_wait_readable(program.output, 5000) == 1)
    keel_stop(&program)
    let begin = ContinuousClock.now
    _ = keel_end(&program)
    #expect(ContinuousClock.now - begin < .seconds(1.9))
  }

  @Test func joinsErrors() throws {
    var (program, error) = start(["/bin/sh", "-c", "echo 5 >&2"], joinsErrors: true)
    #expect(error == 0)
    #expect(try number(from: program) == 5)
    _ = keel_end(&program)
  }

  /// A reader that has gone is an error, and no signal that ends this process.
  @Test func writesToNobody() throws {
    var program = try start("exit 0")
    var byte: UInt8 = 0
    #expect(read(program.output, &byte, 1) == 0)
    let bytes = [UInt8](repeating: 0, count: 1 << 20)
    #expect(keel_write_all(program.input, bytes, bytes.count) == EPIPE)
    _ = keel_end(&program)
  }
}
