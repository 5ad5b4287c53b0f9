import Foundation
import KeelAuthoring
import KeelRunners

/// What a page says of a program that trained in Keel's place.
package struct EngineNote {
  /// What it calls itself: `pytorch 2.13`.
  let name: String
  /// How far two trials alike were apart, as a share of the loss; nil where they came out the same.
  let spread: Double?
  /// The step that comes first: 0, or the one after a state that was kept.
  let firstStep: Int
  /// The study of its command line; nil for what speaks the protocol.
  let study: Study?

  /// Why a trial could not be made; nil where all could.
  let failure: KeelError?

  package init(
    name: String, spread: Double?, firstStep: Int, study: Study? = nil, failure: KeelError? = nil
  ) {
    (self.name, self.spread, self.firstStep) = (name, spread, firstStep)
    (self.study, self.failure) = (study, failure)
  }

  /// What was lost first, as far as it tells: of a study's program the loss is all that is seen.
  func sentence(_ explosion: Explosion, in numbers: String) -> String {
    guard study != nil else { return TrainPage.sentence(explosion, in: numbers) }
    return explosion.kind == .divergence
      ? "its loss left, and did not come back"
      : explosion.origin == .overflow ? "its loss is infinite" : "its loss is not a number"
  }

  /// A step as its training counts them, with where it began.
  func step(_ step: Int) -> String {
    firstStep == 0
      ? "step \(step)"
      : "step \(Text.count(firstStep + step)), from the state kept after \(Text.count(firstStep - 1))"
  }

  /// A page in the engine's words: `loss-scale` for `loss.own.scale`; where it has started this
  /// command, what its program can call.
  /// - Parameter line: what stood on the command line.
  func named(_ page: String, _ line: String) -> String {
    let page = [
      ("model[0].own.", ""), ("loss.own.reduction", "loss-reduction"),
      ("loss.own.scale", "loss-scale"), ("loss.own.", ""),
    ].reduce(page) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
    guard "\(line) ".hasPrefix("--engine - ") else { return page }
    return page.replacing("--json lists", with: "result.data lists")
      .replacing(/keel (cure|diagnose) --engine -( --seed \d+)?(?: --budget (\S+))?( --as \w+)?/) {
        "keel.\($0.1)(…\($0.3.map { ", budget=\($0)" } ?? ""))"
      }
  }

  /// For whom its cure is lines of code; nil where Keel writes none.
  var framework: ExportTarget? {
    ExportTarget.allCases.first { name.lowercased().hasPrefix($0.rawValue) }
  }

  /// That its trials do not come out the same, and what that means.
  var caution: [String] { failed + unsteady }

  private var failed: [String] {
    guard let failure else { return [] }
    return [
      "\(Style.yellow("!")) a trial could not be made: \(shown(failure.description, limit: 400))",
      "",
    ]
  }

  private var unsteady: [String] {
    guard let spread else { return [] }
    return [
      "\(Style.yellow("!")) two trials alike differ, in their first steps by "
        + "\(Text.percent(spread)) of the loss: what one shows, another may not;",
      "  seed everything that is random in the program, and ask again", "",
    ]
  }
}

extension Recipe {
  /// What it is calculated in: `float32`, and of an engine's program what that says.
  var numbers: String { (ownModel?.precision ?? .float32).rawValue }
}
