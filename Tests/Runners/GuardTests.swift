import CProcesses
import Foundation
import Testing

/// No program outlives who started it.
struct GuardTests {
  private func start(_ script: String) throws -> keel_program {
    var program = keel_program(guard: 0, input: -1, output: -1, lifeline: -1)
    let words: [String] = ["/bin/sh", "-c", script]
    var arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    try #require(keel_start(&arguments, &program) == 0)
    return program
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
    var missing = keel_program(guard: 0, input: -1, output: -1, lifeline: -1)
    var arguments = [strdup("/no/such/program"), nil]
    defer { free(arguments[0]) }
    #expect(keel_start(&arguments, &missing) == ENOENT)
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
