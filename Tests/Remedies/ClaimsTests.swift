import Foundation
import KeelCauses
import KeelRemedies
import KeelTestSupport
import Testing

/// What a remedy is tried against, it was seen to heal.
struct ClaimsTests {
  /// `Guides/Matrix.md`: rows of remedies, columns of causes, `healed/exploding`, claims in bold.
  private static let matrix = Once { () throws -> [String: [String: String]] in
    let lines = try String(contentsOfFile: Checkout.path("Guides/Matrix.md"), encoding: .utf8)
      .split(separator: "\n").map(String.init)
    let table = lines.drop { !$0.hasPrefix("| healed by") }.prefix { $0.hasPrefix("|") }.map(cells)
    let causes = table.first?.dropFirst() ?? []
    return Dictionary(
      uniqueKeysWithValues: table.dropFirst(2).map { row in
        (row[0], Dictionary(uniqueKeysWithValues: zip(causes, row.dropFirst())))
      })
  }

  private static func cells(_ row: String) -> [String] {
    row.split(separator: "|").map { $0.filter { $0 != " " && $0 != "*" } }
  }

  /// What acts on no recipe is held to its claims where it is trained: in the Python package.
  @Test(arguments: RemedyCatalog.standard.remedies.filter { !$0.isOfEngines }.map { $0.name })
  func everyClaimHealedSomething(_ name: String) throws {
    let matrix = try Self.matrix.value()
    let row = try #require(matrix[name], "run 'make matrix'")
    for remedy in RemedyCatalog.standard.remedies where remedy.name == name {
      for cause in remedy.treats {
        let healed = try #require(row[cause]).split(separator: "/").first.flatMap { Int($0) }
        #expect((healed ?? 0) > 0, "\(name) heals \(row[cause] ?? "none") of \(cause)")
      }
    }
  }

  /// The guide of a remedy names what the code claims, and nothing else.
  @Test(arguments: RemedyCatalog.standard.remedies.map { $0.name })
  func theGuideClaimsTheSame(_ name: String) throws {
    let said = try Self.links(in: "Remedies", name, after: "Treats")
    for remedy in RemedyCatalog.standard.remedies where remedy.name == name {
      for cause in CauseCatalog.standard.causes {
        #expect(
          said.contains("Causes/\(cause).md") == remedy.treats.contains(cause.name), "\(cause)")
      }
    }
  }

  /// The guide of a cause names every remedy that claims it, and nothing else.
  @Test(arguments: CauseCatalog.standard.causes.map { $0.name })
  func theCauseIsTreatedByTheSame(_ name: String) throws {
    let said = try Self.links(in: "Causes", name, after: "Treated")
    for remedy in RemedyCatalog.standard.remedies {
      #expect(said.contains("Remedies/\(remedy).md") == remedy.treats.contains(name), "\(remedy)")
    }
  }

  /// What a guide says behind the last of a word, up to the end of the paragraph.
  private static func links(
    in folder: String, _ name: String, after word: String
  ) throws -> String {
    let file = name.split(separator: "-").map(\.capitalized).joined()
    let guide = try String(
      contentsOfFile: Checkout.path("Guides/\(folder)/\(file).md"), encoding: .utf8)
    let said = guide.components(separatedBy: word).dropFirst().last ?? ""
    return said.components(separatedBy: "\n\n")[0]
  }
}
