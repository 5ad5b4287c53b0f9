import Foundation
import KeelAuthoring
import KeelRunners
import Testing

/// Trainings of any program, started from a command line with other values.
struct StudyRunnerTests {
  /// A loss that grows tenfold with every step where the rate or the scale is large, and falls
  /// otherwise.
  private static let program = """
    step=0
    while [ $step -lt $4 ]; do
      sign=-
      case $1 in [1-9]*) sign= ;; esac
      case $2 in [1-9]*) sign= ;; esac
      exponent=$((step / 3))
      if [ "$sign$step" = 60 ]; then echo "loss: nan"; exit 1; fi
      [ "$sign" = - ] && [ $exponent -gt 6 ] && exponent=6
      LINE
      step=$((step + 1))
    done
    """

  private static let line = #"echo "step $step loss: $((5 + $3 % 3))e$sign$exponent""#

  private func study(
    in folder: Folder, line: String = line, loss: Settings? = nil, rate: Double = 3,
    scale: Double = 0.1, steps: Int = 60, words: [Settings] = []
  ) throws -> Study {
    try folder.write("train.sh", Self.program.replacing("LINE", with: line))
    func setting(_ value: Double) -> Settings {
      .map([.init("value", .number(value)), .init("reference", .number(0.1))])
    }
    let program: [Settings] = [
      "sh", "train.sh", "{learning-rate}", "{input-scale}", "{seed}", "{steps}",
    ]
    .map(Settings.text)
    var study = try Study(
      .map([
        .init("program", .list(program + words)),
        .init(
          "settings",
          .map([.init("learning-rate", setting(rate)), .init("input-scale", setting(scale))])),
        .init("loss", loss ?? .map([.init("pattern", .text("loss: (\\S+)"))])),
        .init("steps", .number(Double(steps))),
      ]))
    study.folder = folder.path
    return study
  }

  private func cure(_ study: Study, jobs: Int = 1) async throws -> CaseHistory {
    let engine = try Engine(study: study, jobs: jobs)
    defer { engine.finish() }
    return try await engine.problem().cure()
  }

  /// Whatever it tells its losses by.
  @Test(arguments: [
    ("echo \"step $step loss: $((5 + $3 % 3))e$sign$exponent, ok\" >&2", "pattern", "loss: (\\S+)"),
    ("printf '\\r%s loss: %s' $step $((5 + $3 % 3))e$sign$exponent", "pattern", "loss: (\\S+)"),
    ("echo \"{\\\"t\\\": {\\\"loss\\\": $((5 + $3 % 3))e$sign$exponent}}\"", "json", "t.loss"),
    (
      "[ $step = 0 ] && echo step,loss > log.csv; echo $step,$((5 + $3 % 3))e$sign$exponent >> log.csv",
      "csv", "log.csv"
    ),
  ]) func namesAndCures(line: String, key: String, place: String) async throws {
    let folder = try Folder()
    // What is there of an earlier training is none of this one's.
    try folder.write("log.csv", "step,loss\n0,nan\n")
    let history = try await cure(
      study(in: folder, line: line, loss: .map([.init(key, .text(place))])))
    #expect(history.outcome == .cured)
    #expect(history.findings.first?.cause == "large-learning-rate")
    #expect(history.findings.first?.place == "learning-rate")
    let change = try #require(history.remedies.first?.changes.first)
    #expect(change.path == "settings.learning-rate")
    #expect(try String(contentsOfFile: "\(folder.path)/log.csv", encoding: .utf8).contains("nan"))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == [
        "log.csv", "train.sh",
      ])
  }

  @Test func tellsTwoFaults() async throws {
    let folder = try Folder()
    let history = try await cure(study(in: folder, scale: 50), jobs: 3)
    #expect(history.outcome == .cured)
    #expect(Set(history.findings.map(\.cause)) == ["large-learning-rate", "unscaled-data"])
    #expect(history.findings.allSatisfy { $0.kind == .overdetermined })
    #expect(history.recipe.own.value?["input-scale"] == .number(0.1))
  }

  @Test func leavesHealthyOnesAlone() async throws {
    let folder = try Folder()
    let history = try await cure(study(in: folder, rate: 0.2))
    #expect(history.outcome == .healthy)
  }

  /// A trial that pauses goes on where it was: no program is started twice for it.
  @Test func goesOnWhereItPaused() async throws {
    let folder = try Folder()
    let study = try study(
      in: folder,
      line: "[ $step -gt 150 ] && sleep 0.005; echo >> \(folder.path)/starts-$$; \(Self.line)",
      rate: 0.2, steps: 400)
    let engine = try Engine(study: study)
    let session = try engine.problem().session()
    for steps in [100, 200, 100] {
      _ = try session.train(steps: steps, isCancelled: { false }, observe: { _ in })
    }
    #expect(session.step == 400)
    engine.finish()
    let starts = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasPrefix("starts-") }
    let whole = try starts.filter {
      try String(contentsOfFile: "\(folder.path)/\($0)", encoding: .utf8)
        .count(where: { $0 == "\n" }) >= 400
    }
    #expect(whole.count == 1)
  }

  @Test func confirmsOnNoSeedWhereItTakesNone() async throws {
    let folder = try Folder()
    var study = try study(in: folder)
    study.program = study.program.map { $0 == "{seed}" ? "7" : $0 }
    let history = try await cure(study)
    #expect(history.outcome == .cured)
    #expect(Set(history.trials.map(\.seed)) == [0])
  }

  @Test func startsByItsLauncher() async throws {
    let folder = try Folder()
    try folder.write("launch", "#!/bin/sh\nshift\nexec \"$@\"\n")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: "\(folder.path)/launch")
    let engine = try Engine(study: study(in: folder), launcher: ["./launch", "-n1"])
    defer { engine.finish() }
    #expect(try await engine.problem().diagnosis().findings.first?.cause == "large-learning-rate")
  }

  // MARK: what is there before

  /// Links, to files and to folders, lead a trial to copies: nothing of somebody's is written over.
  @Test func writesOverNothing() async throws {
    let (folder, other) = (try Folder(), try Folder())
    try other.write("kept", "orig")
    for name in ["link", "run.d/link"] {
      let path = "\(folder.path)/\(name)"
      try FileManager.default.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      try FileManager.default.createSymbolicLink(
        atPath: path, withDestinationPath: "\(other.path)/kept")
    }
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder.path)/folder", withDestinationPath: other.path)
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)/.cache", withIntermediateDirectories: true)
    try folder.write(".cache/state", "orig")
    let line =
      "for f in link run.d/link folder/kept .cache/state train.sh; do [ -e $f ] || exit 5; "
      + "[ $f = train.sh ] || echo trial > $f; done; \(Self.line)"
    let history = try await cure(study(in: folder, line: line), jobs: 2)
    #expect(history.outcome == .cured)
    for path in ["\(other.path)/kept", "\(folder.path)/.cache/state"] {
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "orig")
    }
  }

  /// A log of an earlier training is none of a trial's, however its name is written.
  @Test(arguments: ["./log.csv", "log.csv", "./out//log.csv"])
  func readsNoStaleLog(name: String) async throws {
    let folder = try Folder()
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)/out", withIntermediateDirectories: true)
    for file in ["log.csv", "out/log.csv"] { try folder.write(file, "step,loss\n0,nan\n1,nan\n") }
    let line =
      "sleep 0.01; [ $step = 0 ] && echo step,loss > \(name); "
      + "echo $step,$((5 + $3 % 3))e$sign$exponent >> \(name)"
    let loss: Settings = .map([.init("csv", .text(name))])
    let history = try await cure(study(in: folder, line: line, loss: loss, rate: 0.2))
    #expect(history.outcome == .healthy)
  }

  @Test(arguments: ["/tmp/log.csv", "../log.csv", ".out/log.csv"])
  func logThatTrialsWouldShare(name: String) throws {
    #expect(throws: KeelError.self) {
      try study(in: Folder(), loss: .map([.init("csv", .text(name))]))
    }
  }

  /// Who closes its output, or sends it elsewhere, is still at work.
  @Test func closesItsOutput() async throws {
    let folder = try Folder()
    let line =
      "[ $step = 0 ] && { echo step,loss > log.csv; exec > /dev/null 2>&1; }; sleep 0.01; "
      + "echo $step,$((5 + $3 % 3))e$sign$exponent >> log.csv"
    let history = try await cure(
      study(in: folder, line: line, loss: .map([.init("csv", .text("log.csv"))])))
    #expect(history.outcome == .cured)
    #expect(history.before.verdict == .exploding)
  }

  /// A training that is kept where it paused is its own: with more of them than there is room for
  /// the oldest begin again, and none goes on as another.
  @Test func goesOnAsItself() async throws {
    let folder = try Folder()
    let line = "[ $step -gt 150 ] && sleep 0.002; echo \"loss: $((5 + $3)).$((1000 + step))\""
    let problem = try Engine(study: study(in: folder, line: line, rate: 0.2, steps: 400)).problem()
    var recipe = problem.recipe
    var sessions: [any TrainingSession] = []
    for seed in 0..<7 {
      recipe.seed = UInt64(1000 * seed)
      sessions.append(try problem.with(recipe).session())
    }
    for session in sessions {
      _ = try session.train(steps: 100, isCancelled: { false }, observe: { _ in })
    }
    for (seed, session) in sessions.enumerated() {
      _ = try session.train(steps: 20, isCancelled: { false }, observe: { _ in })
      #expect(session.step == 120)
      // Whole thousands tell whose it is, and the decimals how far it is.
      let loss = Double(try #require(session.trace.losses.last))
      #expect(abs(loss - (5.1119 + 1000 * Double(seed))) < 0.001)
    }
  }

  /// Fewer losses than there were to be: what it told is all there is.
  @Test(arguments: [
    ("1 .1 .05 .03 .02 .01 .008 .006 .005 .004", Verdict.healthy),
    ("2.3 .3 .3 .3 .3 .3 .3 .3 .3 .3", .healthy), ("1 2 4 8 16 32", .exploding),
    ("1 1.1 .9 1 1 1.05 .95 1 1 1", .stalled),
  ]) func endsEarly(losses: String, verdict: Verdict) async throws {
    for steps in [10, 180, 200, 500] {
      let folder = try Folder()
      let study = try study(
        in: folder, line: "for v in \(losses); do echo loss: $v; done; exit 0", steps: steps)
      let engine = try Engine(study: study)
      let session = try engine.problem().session()
      let training = try session.train(steps: .max, isCancelled: { false }, observe: { _ in })
      #expect(training.verdict == verdict, "\(losses) of \(steps)")
      engine.finish()
    }
  }

  // MARK: programs that fail

  struct Fault: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let line: String
  }

  static let faults = [
    Fault(testDescription: "none of its 60 lines matches", line: "echo nothing"),
    Fault(testDescription: "matches twice: '1' and '2'", line: "echo loss: 1 loss: 2"),
    Fault(testDescription: "found 'x', which is no number", line: "echo loss: 1; echo loss: x"),
    Fault(
      testDescription: "has ended with code 3 before its first loss; its last line: 'no cuda'",
      line: "echo no cuda; exit 3"),
    Fault(
      testDescription: "has ended with code 3 after 1 of its losses", line: "echo loss: 1; exit 3"),
    Fault(
      testDescription: "what 'loss: (\\S+)' finds is no number: '1,5'", line: "echo loss: 1,5"),
    Fault(testDescription: "was ended by signal 9 before its first loss", line: "kill -9 $$"),
    // It forks and goes away.
    Fault(testDescription: "has ended without a loss", line: "(sleep 1; echo loss: 1) & exit 0"),
    // Nobody is at the terminal.
    Fault(testDescription: "has ended with code 4", line: "read answer || exit 4"),
  ]

  @Test(arguments: faults) func isSaid(fault: Fault) async throws {
    let folder = try Folder()
    let study = try study(in: folder, line: fault.line)
    do {
      _ = try await cure(study)
      Issue.record("it was cured")
    } catch let error as KeelError {
      #expect(error.description.contains(fault.testDescription), "\(error)")
      #expect(error.kind == .invalid)
    }
  }

  @Test func programThatIsNotThere() async throws {
    let folder = try Folder()
    var study = try study(in: folder)
    study.program[0] = "no-such-program"
    do {
      _ = try await cure(study)
      Issue.record("it was cured")
    } catch let error as KeelError {
      #expect(error.kind == .missing)
      #expect(error.description.contains("'no-such-program' runs by itself"))
    }
  }

  /// Whoever dies of a number that is not finite, and says so, has exploded.
  @Test func diesOfANumber() async throws {
    let line =
      "[ \"$sign$step\" = 9 ] && { echo 'ValueError: loss is NaN' >&2; exit 1; }; \(Self.line)"
    let folder = try Folder()
    let history = try await cure(study(in: folder, line: line))
    #expect(history.before.explosion?.kind == .nonFinite)
    #expect(history.outcome == .cured)
  }

  /// 100 MB between two losses are let go as they come.
  @Test func programThatWritesWithoutEnd() async throws {
    let line = "[ $step = 2 ] && head -c 100000000 /dev/zero; \(Self.line)"
    let folder = try Folder()
    let history = try await cure(study(in: folder, line: line, rate: 0.2))
    #expect(history.outcome == .healthy)
  }
}
