import Foundation
import KeelData
import KeelNetworks

/// How good a network is, in a number that can be compared between recipes.
///
/// **Definition** Accuracy where targets are classes, over all positions; otherwise 1 − Σ squared
/// error/Σ squared deviation from the column mean, over rows and columns of the part, in the
/// targets' own units (of probabilities where the loss takes logits). Where the targets are
/// constant: 1 − MSE/MSE of the reference point at step 0.
public struct Metric: Hashable, Codable, Sendable {
  /// `accuracy` or `r-squared`.
  public let name: String
  /// The metric over the training part.
  public let train: Double
  /// The metric over the test part; nil where there is none.
  public let test: Double?

  package init(name: String, train: Double, test: Double?) {
    (self.name, self.train, self.test) = (name, train, test)
  }

  /// The test part's, if there is one.
  public var score: Double { test ?? train }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(train, forKey: .train)
    try container.encode(test, forKey: .test)
  }
}
