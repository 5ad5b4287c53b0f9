import Foundation
import KeelAuthoring
import KeelRunners
import Testing

/// A study is written as it is read, and says where it is wrong.
struct StudyTests {
  private func study(_ entries: [Settings.Entry]) throws -> Study { try Study(.map(entries)) }

  private func words(_ words: String...) -> Settings { .list(words.map(Settings.text)) }

  private static let rate: Settings = .map([
    .init("value", .number(3)), .init("reference", .number(0.01)),
  ])

  private func entries(
    program: Settings? = nil, settings: Settings? = nil, loss: Settings? = nil
  ) -> [Settings.Entry] {
    [
      .init("program", program ?? words("train", "--lr", "{lr}")),
      .init("settings", settings ?? .map([.init("lr", Self.rate)])),
      .init("loss", loss ?? .map([.init("pattern", .text("loss (\\S+)"))])),
      .init("steps", .number(10)),
    ]
  }

  @Test func readsBackAsWritten() throws {
    let setting: Settings = .map([
      .init("value", .scalar("1e-3")), .init("reference", .text("adam")),
      .init("cause", .scalar("poor-initialization")), .init("remedies", .list([.number(0.1)])),
    ])
    let losses: [Settings] = [
      .map([.init("pattern", .text("a(.)"))]), .map([.init("json", .scalar("train.loss"))]),
      .map([.init("csv", .scalar("log.csv")), .init("column", .scalar("x"))]),
      .map([.init("tensorboard", .scalar("runs"))]),
    ]
    for loss in losses {
      let study = try study(entries(settings: .map([.init("lr", setting)]), loss: loss))
      #expect(try Study(study.written) == study)
      #expect(study.description.contains("value: 1e-3"))
    }
  }

  /// What is said of a study that is wrong.
  struct Fault: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let place: String
    var program: Settings?
    var settings: Settings?
    var loss: Settings?
  }

  static let faults = [
    Fault(
      testDescription: "{lrs} is no setting; did you mean 'lr'", place: "program[1]",
      program: .list([.text("train"), .text("{lrs}"), .text("{lr}")])),
    Fault(
      testDescription: "stands nowhere in the program", place: "settings.lr",
      program: .list([.text("train")])),
    Fault(testDescription: "has no words", place: "program", program: .list([])),
    Fault(
      testDescription: "'reference' is missing", place: "settings.lr",
      settings: .map([.init("lr", .map([.init("value", .number(1))]))])),
    Fault(
      testDescription: "cannot be the name of a setting", place: "settings.seed",
      settings: .map([.init("seed", rate)])),
    Fault(
      testDescription: "'poor-initialisation' is no cause; did you mean 'poor-initialization'?",
      place: "settings.lr.cause",
      settings: .map([
        .init(
          "lr",
          .map([
            .init("value", .number(1)), .init("reference", .number(2)),
            .init("cause", .scalar("poor-initialisation")),
          ]))
      ])),
    Fault(
      testDescription: "is no regular expression", place: "loss.pattern",
      loss: .map([.init("pattern", .text("loss ("))])),
    Fault(
      testDescription: "has 0 groups", place: "loss.pattern",
      loss: .map([.init("pattern", .text("loss"))])),
    Fault(
      testDescription: "says several places", place: "loss",
      loss: .map([.init("json", .scalar("a")), .init("csv", .scalar("b"))])),
    Fault(
      testDescription: "'column' is for csv", place: "loss",
      loss: .map([.init("json", .scalar("a")), .init("column", .scalar("b"))])),
  ]

  @Test(arguments: faults) func isRefused(fault: Fault) throws {
    let entries = entries(program: fault.program, settings: fault.settings, loss: fault.loss)
    do {
      _ = try study(entries)
      Issue.record("it was read")
    } catch let error as KeelError {
      #expect(error.description.contains(fault.testDescription), "\(error)")
      #expect(error.place == fault.place)
    }
  }

  /// The template is one, and awk's own braces are not placeholders.
  @Test func leavesOtherBracesAlone() throws {
    let program: Settings = .list([.text("awk"), .text("BEGIN {{print}} { x = {lr} }")])
    let study = try study(entries(program: program))
    let recipe = try Engine(study: study).problem().recipe
    #expect(study.words(of: recipe) == ["awk", "BEGIN {print} { x = 3 }"])
    #expect(!study.takesSeeds)
    #expect(study.setting(of: recipe) == study)
  }
}
