import Foundation

/// Real failed trainings, where they lie beside the checkout.
public enum SharedCases {
  /// One of them, and the verdicts that an honest tool may give.
  public struct Case: Decodable, Sendable, CustomStringConvertible {
    public let recipe: String
    public let verdicts: [String]
    public var description: String { recipe }
    public var path: String { folder.appendingPathComponent(recipe).path }
  }

  /// Where they would lie.
  public static let folder = URL(fileURLWithPath: Checkout.path("../shared/cases"))

  /// Empty where they are not at hand.
  public static let all: [Case] = {
    guard let index = try? Data(contentsOf: folder.appendingPathComponent("index.json")) else {
      return []
    }
    return (try? JSONDecoder().decode([Case].self, from: index)) ?? []
  }()
}
