import Foundation
import KeelAuthoring

/// A training that somebody ran or that we made up, and what an honest tool may say of it.
struct Case: Decodable {
  let recipe: String
  /// Empty where it is to be refused.
  let verdicts: [Verdict]
  /// Acceptable first findings: any of them counts.
  let causes: [String]
  /// Kinds that the first finding may have; nil where any will do.
  let kinds: [Finding.Kind]?
  /// A word of the quantity that the first exhibit names.
  let exhibit: String?
  /// What must become of it: `cured`; nil where that follows from the verdict.
  let outcome: CaseHistory.Outcome?
  /// The exit code with which the recipe is to be refused; nil where it is to be trained.
  let error: Int32?

  enum CodingKeys: CodingKey { case recipe, verdicts, causes, kinds, exhibit, outcome, error }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    recipe = try container.decode(String.self, forKey: .recipe)
    verdicts = try container.decodeIfPresent([Verdict].self, forKey: .verdicts) ?? []
    causes = try container.decode([String].self, forKey: .causes)
    kinds = try container.decodeIfPresent([Finding.Kind].self, forKey: .kinds)
    exhibit = try container.decodeIfPresent(String.self, forKey: .exhibit)
    outcome = try container.decodeIfPresent(CaseHistory.Outcome.self, forKey: .outcome)
    error = try container.decodeIfPresent(Int32.self, forKey: .error)
  }

  /// Whether what was found first is what the index allows.
  func allows(_ finding: Finding?) -> Bool {
    guard let finding, causes.contains(finding.cause) else { return false }
    let quantity = finding.exhibits.first?.quantity ?? ""
    return kinds.map { $0.contains(finding.kind) } ?? true
      && exhibit.map(quantity.contains) ?? true
  }

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
  /// Public reports: they lie beside the checkout, if at all.
  static let reports = ("reports", checkout.appendingPathComponent("../shared/reports"))
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
        fix: name != "variants" ? "lay the shared cases beside the checkout" : "check out the file")
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
