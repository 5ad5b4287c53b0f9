import Foundation
import KeelArchive
import Testing

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// What `keel.watch` writes beside an archive is a run of it.
struct LiveFolderTests {
  private let scratch: Scratch
  private let history: History

  init() throws {
    scratch = try Scratch()
    try FileManager.default.createDirectory(
      atPath: scratch("live"), withIntermediateDirectories: true)
    history = try History(scratch("keel.sqlite"))
  }

  private static let head =
    #"{"engine": "pytorch 2.13", "name": "train.py", "began": 1e9, "layers": ["b.weight", "a"]}"#

  private static func line(_ step: Int, _ loss: String, _ more: String = "") -> String {
    #"{"step": \#(step), "loss": \#(loss), "gradientNorm": 2, "learningRate": 0.1\#(more)}"#
  }

  private func write(_ lines: [String], cut: String = "") throws {
    try scratch.write("live/run.jsonl", lines.map { $0 + "\n" }.joined() + cut)
  }

  /// Another process begins: what the first one knew is forgotten.
  private func take() throws -> ArchivedRun {
    try LiveFolder(beside: history).take(all: true)
    return try #require(history.runs().first)
  }

  private func losses(of run: ArchivedRun) throws -> [[Float]] {
    try #require(try history.series("loss", of: run.id)).segments.map(\.mean)
  }

  @Test func aWatchedTrainingIsARun() throws {
    let layers = #", "layers": {"b.weight": {"gradient": 3, "weight": 4, "update": 2}}"#
    try write([
      Self.head, Self.line(0, "1.5", layers), Self.line(1, "NaN"),
      #"{"step": 1, "first": {"module": "b", "pass": "forward", "kind": "invalid", "step": 1}}"#,
      #"{"end": "non-finite"}"#,
    ])
    let run = try take()
    #expect(run.name == "train.py" && run.engine == "pytorch 2.13" && run.began == 1e9)
    #expect(run.isLogged && run.outcome == "exploded" && run.ended != nil)
    #expect(run.explosionStep == 1 && run.explosionPlace == "b" && run.steps == 2)
    let losses = try losses(of: run)
    #expect(losses.count == 1 && losses[0][0] == 1.5 && losses[0][1].isNaN)
    let norm = try history.series("gradient-norm", layer: "b.weight", of: run.id)
    #expect(norm?.segments[0].mean.first == 3)
    let ratio = try history.series("update-ratio", layer: "b.weight", of: run.id)
    #expect(ratio?.segments[0].mean.first == 0.5)
    #expect(
      try history.seriesNames(of: run.id).map(\.layer).filter { !$0.isEmpty }.first == "b.weight")
  }

  /// Line by line, as it is written; half a line waits for its other half.
  @Test func itGoesOn() throws {
    let folder = LiveFolder(beside: history)
    try write([Self.head, Self.line(0, "3")], cut: String(Self.line(1, "2").prefix(20)))
    try folder.take()
    #expect(try history.runs().first?.steps == 1 && history.runs().first?.isRunning == true)
    try write([Self.head, Self.line(0, "3"), Self.line(1, "2"), #"{"end": "ok"}"#])
    try folder.take()
    let run = try #require(history.runs().first)
    #expect(run.steps == 2 && run.outcome == "trained")
    #expect(try losses(of: run) == [[3, 2]])
  }

  /// Whoever reads the archive later does not take it twice.
  @Test func itIsTakenOnce() throws {
    try write([Self.head, Self.line(0, "3"), #"{"end": "ok"}"#])
    let first = try take()
    #expect(try take() == first && history.runs().count == 1)
    // One that had not ended is read from its beginning again.
    try write([Self.head, Self.line(0, "3"), Self.line(1, "2")])
    #expect(try take().steps == 2 && history.runs().count == 1)
    #expect(try take().id == first.id)
  }

  /// What was not finite is over once a state from before was brought back.
  @Test func whatIsBroughtBackGoesOn() throws {
    let first = #"{"step": 1, "first": {"module": "b", "kind": "overflow"}}"#
    try write([Self.head, Self.line(0, "3"), Self.line(1, "Infinity"), first])
    #expect(try take().explosionStep == 1)
    try write([
      Self.head, Self.line(0, "3"), Self.line(1, "Infinity"), first,
      #"{"step": 2, "restored": true}"#, Self.line(2, "2"), #"{"end": "ok"}"#,
    ])
    let run = try take()
    #expect(run.explosionStep == nil && run.outcome == "trained" && run.steps == 3)
  }

  /// Another training that writes to the same file is another run.
  @Test func anotherInItsPlaceIsAnother() throws {
    let folder = LiveFolder(beside: history)
    try write([Self.head, Self.line(0, "3"), Self.line(1, "2"), #"{"end": "ok"}"#])
    try folder.take()
    try write([Self.head.replacingOccurrences(of: "1e9", with: "2e9"), Self.line(0, "5")])
    try folder.take()
    #expect(try history.runs().map(\.steps) == [1, 2])
  }

  /// Nor is it another where the folder has another name.
  @Test func aMovedFolderHasTheSameRuns() throws {
    try write([Self.head, Self.line(0, "3"), #"{"end": "ok"}"#])
    let first = try take()
    try FileManager.default.createSymbolicLink(
      atPath: scratch("link"), withDestinationPath: scratch.path)
    let linked = try History(scratch("link/keel.sqlite"))
    try LiveFolder(beside: linked).take(all: true)
    #expect(try linked.runs().map(\.id) == [first.id])
    try linked.delete(linked.runs())
    #expect(!FileManager.default.fileExists(atPath: scratch("live/run.jsonl")))
  }

  /// What is no regular file is none of `keel.watch`: a pipe would be waited for, for ever.
  @Test func onlyFilesAreRead() throws {
    #expect(mkfifo(scratch("live/pipe.jsonl"), 0o600) == 0)
    try FileManager.default.createSymbolicLink(
      atPath: scratch("live/link.jsonl"), withDestinationPath: "/dev/zero")
    try write([Self.head, Self.line(0, "3")])
    #expect(try take().steps == 1)
    #expect(try history.runs().count == 1)
  }

  /// One that cannot be taken keeps no other from it.
  @Test func theOthersAreTaken() throws {
    try scratch.write(
      "live/a.jsonl", Self.head.replacingOccurrences(of: "1e9", with: "NaN") + "\n")
    try scratch.write(
      "live/b.jsonl", Self.head.replacingOccurrences(of: "1e9", with: "-1e308") + "\n")
    try write([Self.head, Self.line(0, "3")])
    try LiveFolder(beside: history).take(all: true)
    #expect(try history.runs().count == 3)
    #expect(try history.runs().allSatisfy { $0.began >= 1e9 })
  }

  @Test(arguments: ["-1", "-9223372036854775808", "9223372036854774784", "1e300", "0.5"])
  func stepsBeyondAllAreLeftOut(_ step: String) throws {
    try write([Self.head, Self.line(0, "3"), #"{"step": \#(step), "loss": 1}"#, Self.line(1, "2")])
    #expect(try losses(of: take()) == [[3, 2]])
  }

  /// Of two processes one takes them.
  @Test func oneProcessTakesThem() throws {
    let first = LiveFolder(beside: history)
    try first.take()
    try write([Self.head, Self.line(0, "3")])
    try LiveFolder(beside: history).take()
    #expect(try history.runs().isEmpty)
    try first.take()
    #expect(try history.runs().count == 1)
  }

  /// Between two lines the first stands; where the steps go back another stretch begins.
  @Test func stepsWithoutALineAreTheOneBefore() throws {
    try write([Self.head, Self.line(0, "3"), Self.line(3, "2"), Self.line(1, "5")])
    #expect(try losses(of: take()) == [[3, 3, 3, 2], [5]])
  }

  /// Of a file without a head the layers are in the order of their numbers.
  @Test func aFileWithoutAHeadIsRead() throws {
    let layers =
      #", "layers": {"l.10": {"gradient": 1}, "l.9": {"gradient": 1}}"#
    try write([Self.line(0, "3", layers)])
    let run = try take()
    #expect(run.name == "run" && run.engine == "keel.watch" && run.steps == 1)
    let names = try history.seriesNames(of: run.id).map(\.layer).filter { !$0.isEmpty }
    #expect(names.first == "l.9" && names.last == "l.10")
  }

  @Test(arguments: ["", "\n\n", "no JSON\n", "[1]\n", #"{"step": 1e300}"# + "\n", "\u{0}\u{1}\n"])
  func whatIsNoLineIsLeftOut(_ text: String) throws {
    try scratch.write("live/run.jsonl", text)
    try LiveFolder(beside: history).take(all: true)
    #expect(try history.runs().allSatisfy { $0.steps == 0 })
  }

  /// It would be taken again.
  @Test func whatIsForgottenIsGone() throws {
    try write([Self.head, Self.line(0, "3"), #"{"end": "ok"}"#])
    try history.delete([take()])
    #expect(
      try scratch.contents.contains("live")
        && !FileManager.default.fileExists(
          atPath: scratch("live/run.jsonl"))
    )
    try LiveFolder(beside: history).take(all: true)
    #expect(try history.runs().isEmpty)
  }
}
