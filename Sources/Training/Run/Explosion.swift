import KeelEngine

/// The moment in which a training was lost, and the first thing that went wrong in it.
public struct Explosion: Hashable, Codable, Sendable {
  /// The part of a step that something went wrong in.
  public enum Pass: String, Hashable, Codable, Sendable {
    case forward, backward, update
  }
  /// What is taken for an explosion: a number that is not finite, or a loss that left.
  public enum Kind: String, Hashable, Codable, Sendable {
    case nonFinite = "non-finite"
    /// The loss left and did not come back.
    case divergence
  }

  /// Counts from 0.
  public var step: Int
  /// The first buffer in plan order that holds a non-finite value: a layer (`dense-1`: its output,
  /// or in the backward pass the gradient it hands down), a parameter (`dense-1.weight`), `loss`,
  /// `input` or `targets`.
  ///
  /// For a divergence it is the layer whose update was largest for its weights.
  public var place: String
  /// The part of the step it was found in; `update` for a divergence.
  public var pass: Pass
  /// Whether a number was not finite, or the loss left.
  public var kind: Kind
  /// Nil for a divergence.
  public var origin: NonFiniteOrigin?
  /// The operation that made it, as an engine calls it: `exponent`, `empty-mean`; nil where that is
  /// not told.
  public var operation: String?

  package init(
    step: Int, place: String, pass: Pass, kind: Kind, origin: NonFiniteOrigin?,
    operation: String? = nil
  ) {
    (self.step, self.place, self.pass) = (step, place, pass)
    (self.kind, self.origin, self.operation) = (kind, origin, operation)
  }

  enum CodingKeys: String, CodingKey {
    case step
    case place = "where"
    case pass, kind, origin, operation
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(step, forKey: .step)
    try container.encode(place, forKey: .place)
    try container.encode(pass, forKey: .pass)
    try container.encode(kind, forKey: .kind)
    try container.encode(origin, forKey: .origin)
    try container.encodeIfPresent(operation, forKey: .operation)
  }
}

extension Explosion: CustomStringConvertible {
  /// `step 3, dense-1.weight, update: non-finite (overflow)`.
  public var description: String {
    "step \(step), \(place), \(pass.rawValue): \(kind.rawValue)"
      + (origin.map { " (\($0.rawValue))" } ?? "")
  }
}
