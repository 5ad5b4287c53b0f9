import Foundation
import Keel

/// A training that somebody ran or that we made up, and what an honest tool may say of it.
struct Case: Decodable {
  let recipe: String
  let verdicts: [Verdict]
  /// Acceptable first findings: any of them counts.
  let causes: [String]

  var name: String { recipe.hasSuffix(".yaml") ? String(recipe.dropLast(5)) : recipe }
  /// Nothing but an explosion: here findings and cures count.
  var mustExplode: Bool { verdicts == [.exploding] }
  var isHealthy: Bool { verdicts == [.healthy] }
}

/// A folder of cases and its index.
struct Suite {
  let name: String
  let folder: URL
  let cases: [Case]

  private static let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../..").standardizedFileURL

  /// Real cases: they lie beside the checkout, if at all.
  static let shared = ("shared", checkout.appendingPathComponent("../shared/cases"))
  static let variants = ("variants", checkout.appendingPathComponent("Benchmarks/Cases/Variants"))
  static let fixes = checkout.appendingPathComponent("Tests/Remedies/Fixes")

  /// - Throws: `KeelError` where the index is missing or cannot be read.
  init(_ place: (name: String, folder: URL)) throws {
    name = place.name
    folder = place.folder.standardizedFileURL
    let index = folder.appendingPathComponent("index.json")
    guard let data = try? Data(contentsOf: index) else {
      throw KeelError(
        .missing, at: index.path, "is not there",
        fix: name == "shared" ? "lay the shared cases beside the checkout" : "check out the file")
    }
    do {
      cases = try JSONDecoder().decode([Case].self, from: data)
    } catch {
      throw KeelError(
        .invalid, at: index.path, "is not a list of cases: \(error)",
        fix: "give every case a recipe, verdicts and causes")
    }
  }

  func path(of example: Case) -> String { folder.appendingPathComponent(example.recipe).path }
}
