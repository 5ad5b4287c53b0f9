/// A cause that is at work in a training, how sure that is, and why.
public struct Finding: Hashable, Codable, Sendable {
  /// What experiments have shown of a cause: at work alone, at work with others, or nothing yet.
  public enum Kind: String, Hashable, Codable, Sendable {
    /// Resetting it heals, and inserting it into the reference recipe makes that sick.
    case cause
    /// Resetting it heals.
    case contributing
    /// Several, each enough alone: all must be mended.
    case overdetermined
    /// Several, none enough alone: mending either is enough.
    case joint
    /// No trial has decided.
    case suspect

    /// The surest first.
    package static let ranked: [Kind] = [.cause, .overdetermined, .joint, .contributing, .suspect]
  }

  /// The most that may be claimed without a trial.
  package static let unproven = 0.8

  /// The cause's name: `large-learning-rate`.
  public let cause: String
  /// 0 to 1; without a trial at most 0.8.
  public let confidence: Double
  /// How it is at work, as far as experiments have decided.
  public let kind: Kind
  /// The layer, or the row and column, where there is one.
  public let place: String?
  /// The other factors whose reset heals together with its own, where its own alone does not; nil
  /// where it does, or nothing is known.
  public let partners: [String]?
  public let exhibits: [Exhibit]

  public init(
    cause: String, confidence: Double, kind: Kind, place: String? = nil,
    partners: [String]? = nil, exhibits: [Exhibit]
  ) {
    self.cause = cause
    self.confidence = confidence
    self.kind = kind
    self.place = place
    self.partners = partners
    self.exhibits = exhibits
  }

  enum CodingKeys: String, CodingKey {
    case cause, confidence, kind
    case place = "where"
    case partners = "with"
    case exhibits
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(cause, forKey: .cause)
    try container.encode(confidence, forKey: .confidence)
    try container.encode(kind, forKey: .kind)
    try container.encode(place, forKey: .place)
    try container.encode(partners, forKey: .partners)
    try container.encode(exhibits, forKey: .exhibits)
  }
}

extension Finding: CustomStringConvertible {
  /// `large-learning-rate (cause, 0.97): learning rate 3, in a sound one 0.01`.
  public var description: String {
    let shares = exhibits.map { "\($0.quantity) \($0.measured), in a sound one \($0.expected)" }
    return "\(cause) (\(kind.rawValue), \(confidence))" + (place.map { " in \($0)" } ?? "")
      + (shares.isEmpty ? "" : ": " + shares.joined(separator: "; "))
  }
}
