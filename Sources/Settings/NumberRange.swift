/// Which numbers a setting may take; every number must also be finite in float32.
public struct NumberRange: Hashable, Sendable {
  /// The lower end; a number allowed itself only if `includesMinimum`.
  public var minimum: Double
  /// The upper end; a number allowed itself only if `includesMaximum`.
  public var maximum: Double
  /// Whether the lower end itself is allowed.
  public var includesMinimum = true
  /// Whether the upper end itself is allowed.
  public var includesMaximum = true

  /// From one number to another, both included where nothing else is said.
  public init(
    minimum: Double, maximum: Double, includesMinimum: Bool = true, includesMaximum: Bool = true
  ) {
    (self.minimum, self.maximum) = (minimum, maximum)
    (self.includesMinimum, self.includesMaximum) = (includesMinimum, includesMaximum)
  }

  package static let greatest = Double(Float.greatestFiniteMagnitude)
  /// Every finite number of float32.
  public static let any = NumberRange(minimum: -greatest, maximum: greatest)
  /// Numbers above 0.
  public static let positive = NumberRange(minimum: 0, maximum: greatest, includesMinimum: false)
  /// Numbers of at least 0.
  public static let nonNegative = NumberRange(minimum: 0, maximum: greatest)
  /// Numbers from 0 to below 1.
  public static let fraction = NumberRange(minimum: 0, maximum: 1, includesMaximum: false)
  /// Numbers from 0 to 1, both included.
  public static let share = NumberRange(minimum: 0, maximum: 1)
  /// Numbers from `minimum` on, itself included.
  public static func atLeast(_ minimum: Double) -> NumberRange {
    NumberRange(minimum: minimum, maximum: greatest)
  }

  func contains(_ value: Double) -> Bool {
    (includesMinimum ? value >= minimum : value > minimum)
      && (includesMaximum ? value <= maximum : value < maximum)
  }

  /// A noun and the range it is limited to: `a number above 0`, `a number from 0 to below 1`.
  func description(_ noun: String) -> String {
    let low = minimum == -Self.greatest ? nil : Settings.number(minimum).line
    let high = maximum >= Self.greatest ? nil : Settings.number(maximum).line
    switch (low, high) {
    case (nil, nil): return noun
    case (let low?, nil): return "\(noun) \(includesMinimum ? "of at least" : "above") \(low)"
    case (nil, let high?): return "\(noun) \(includesMaximum ? "of at most" : "below") \(high)"
    case (let low?, let high?):
      return "\(noun) \(includesMinimum ? "from" : "above") \(low) "
        + (includesMaximum
          ? "to \(high)" : includesMinimum ? "to below \(high)" : "and below \(high)")
    }
  }
}
