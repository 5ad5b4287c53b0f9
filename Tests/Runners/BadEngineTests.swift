import Foundation
import KeelAuthoring
import KeelRunners
import Testing

/// Engines that answer what is no answer, or nothing.
struct BadEngineTests {
  /// What an engine does in the third step of every trial, and what is said of it.
  struct Fault: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let instead: String
    let said: String

    init(_ name: String, _ instead: String, _ said: String) {
      (testDescription, self.instead, self.said) = (name, instead, said)
    }
  }

  static let faults = [
    Fault("garbage", "echo '{garbage'", "is no JSON object: {garbage"),
    Fault("half a line, then its end", "printf '{\"id\": 1'; exit 3", "has ended with code 3"),
    Fault(
      "numbers as strings",
      "echo \"{\\\"id\\\": $id, \\\"step\\\": 3, \\\"loss\\\": \\\"2.5\\\"}\"",
      "'loss' is missing, or no number"),
    Fault("no loss", "echo \"{\\\"id\\\": $id, \\\"step\\\": 3}\"", "'loss' is missing"),
    Fault(
      "another id", "echo '{\"id\": 99, \"step\": 3, \"loss\": 1}'", "answers another trial than"),
    Fault(
      "a step left out", "echo \"{\\\"id\\\": $id, \\\"step\\\": 4, \\\"loss\\\": 1}\"",
      "'step' is not 3"),
    Fault(
      "an unknown end", "echo \"{\\\"id\\\": $id, \\\"end\\\": \\\"fine\\\"}\"", "'end' is none of"),
    Fault("it dies", "exit 9", "has ended with code 9"),
    Fault("it is killed", "kill -9 $$", "was ended by signal 9"),
    Fault("it hangs", "sleep 30", "has printed nothing for 1 s"),
    Fault(
      "a line of 5 MB", "printf '{'; head -c 5000000 /dev/zero | tr '\\0' 0; echo '}'",
      "is longer than 4 MiB"),
  ]

  @Test(arguments: faults) func isSaid(fault: Fault) async throws {
    let runner = try ProcessRunner(
      command: Program.tenfold(instead: fault.instead), patience: 1, log: { _ in })
    do {
      _ = try await runner.problem(seed: 0).diagnosis()
      Issue.record("a diagnosis was made")
    } catch let error as KeelError {
      #expect(error.description.contains(fault.said), "\(error)")
      #expect(error.place.hasPrefix("engine '"))
      #expect(error.kind == .invalid)
    }
  }

  /// What it does once it does not do again: the trial is made once more.
  @Test func isTriedOnceMore() async throws {
    let folder = try Folder()
    let once = "[ -e \(folder.path)/seen ] || { touch \(folder.path)/seen; exit 9; }"
    let diagnosis = try await Engine(command: Program.tenfold(instead: once)).problem().diagnosis()
    #expect(diagnosis.findings.first?.cause == "large-learning-rate")
  }

  /// On another seed it never comes to an end: that trial is not made, and the cure goes on.
  @Test func whatIsNotMadeIsGoneOnWithout() async throws {
    let dies = "case $ask in *'\"seed\":1,'*) exit 9 ;; esac"
    let history = try await Engine(command: Program.tenfold(instead: dies)).problem().cure()
    #expect(history.outcome == .cured)
    #expect(history.trials.contains { $0.seed == 1 && $0.outcome == .notMade })
    #expect(history.trials.contains { $0.seed == 2 && $0.outcome == .holds })
  }

  /// Trials alike that come out otherwise prove nothing.
  @Test func isNotReproducible() async throws {
    let folder = try Folder()
    let count = "\(folder.path)/count"
    let other = "n=$(cat \(count) 2>/dev/null || echo 4); echo $((n + 1)) > \(count); digits=$n"
    let engine = try Engine(command: Program.tenfold(instead: other))
    let diagnosis = try await engine.problem().diagnosis()
    #expect((engine.spread ?? 0) > 1e-3)
    #expect(diagnosis.findings.allSatisfy { $0.confidence <= 0.8 })
  }

  @Test func whatIsNotDescribed() throws {
    for (answer, said) in [
      ("{}", "'steps' is missing"), ("{\"steps\": 0}", "'steps' is no positive whole number"),
      ("{\"steps\": \"many\"}", "'steps' is no positive whole number"),
      ("{\"end\": \"refused\", \"change\": \"keel 1\"}", "refuses 'keel 1'"),
    ] {
      do {
        _ = try Engine(command: "read line; echo '\(answer)'; read line")
        Issue.record("\(answer) was taken")
      } catch let error as KeelError {
        #expect(error.description.contains(said), "\(error)")
      }
    }
    for settings in ["{}", "{\"learning-rate\": -1}", "{\"learning-rate\": \"high\"}"] {
      let engine = try Engine(
        command: "read line; echo '{\"steps\": 9, \"settings\": \(settings)}'; read line")
      #expect(throws: KeelError.self) { try engine.problem() }
    }
  }

  @Test func whatCannotBeStarted() {
    #expect(throws: KeelError.self) { try Engine(command: "no-such-program-at-all") }
    do {
      _ = try Engine(command: "no-such-program-at-all")
    } catch let error as KeelError {
      #expect(error.kind == .missing)
    } catch {
      Issue.record("\(error)")
    }
  }

  /// Log is no answer, numbers that are not finite are numbers, and unknown keys are nothing.
  @Test func whatIsRead() {
    #expect(
      JSONValue("{\"loss\": NaN, \"s\": \"NaN\", \"n\": -Infinity}".utf8)?["loss"]?.number?.isNaN
        == true)
    #expect(JSONValue("{\"n\": [-Infinity, -1]}".utf8)?["n"]?.array?[0].number == -.infinity)
    #expect(JSONValue("{\"n\": [-Infinity, -1]}".utf8)?["n"]?.array?[1].number == -1)
    #expect(JSONValue("{\"s\": \"a NaN \\\" Infinity\"}".utf8)?["s"]?.string == "a NaN \" Infinity")
    #expect(JSONValue("{\"b\": true, \"n\": 1}".utf8)?["b"] == .bool(true))
    #expect(JSONValue("{\"b\": true, \"n\": 1}".utf8)?["n"] == .number(1))
    #expect(JSONValue("{\"b\": tru}".utf8) == nil)
    #expect(
      String(decoding: JSONValue.object(["n": .number(.nan)]).line, as: UTF8.self)
        == "{\"n\":\"NaN\"}")
  }
}
