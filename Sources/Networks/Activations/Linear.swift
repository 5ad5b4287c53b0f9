import KeelEngine
import KeelSettings

/// The identity: nothing is computed.
///
/// **Definition** y = x.
public struct Linear: Activation {
  public static let name = "linear"
  public static let summary = "the identity"

  public init() {}

  public var rootMeanSquareSlope: Double? { 1 }
  public var targetRange: ClosedRange<Float> { -.infinity ... .infinity }

  public func plan(_ input: Signal, in network: inout NetworkBuilder) throws -> Signal { input }
}

extension Choice where F: ActivationFamily {
  /// `linear` in a recipe.
  public static var linear: Choice { Choice(Linear()) }
}
