import KeelEngine
import KeelSettings

/// Layer-sequential unit-variance initialisation: orthonormal, then scaled by what real data show.
///
/// **Definition** `orthogonal`, then layer by layer from the input: as long as the variance of the
/// layer's output (before its activation, over all rows and units) is more than 0.1 away from 1,
/// and at most ten times, W ← W/√variance. The rows are at least 256 of the training part (all, if
/// fewer), spread evenly over it. A layer whose output does not vary is left orthonormal. Recurrent
/// weights, and others that are only part of an output, stay orthonormal too.
///
/// **Non-finite values** Outputs that are not finite are passed over; a layer that has no others is
/// left orthonormal.
///
/// **Effect on gradients** Every layer puts out signals of one size, whatever the activation and
/// the scale of the data; gradients then neither grow nor shrink much.
///
/// **References** Mishkin and Matas, *All you need is a good init*, ICLR 2016, algorithm 1.
public struct LSUV: Initializer {
  public static let name = "lsuv"
  public static let summary = "orthogonal, then outputs of variance 1 on real rows"
  public var needsMatrix: Bool { true }
  public var needsData: Bool { true }

  public init() {}

  /// Before it has seen data.
  public func std(_ fan: Fan) -> Double { Orthogonal().std(fan) }

  public func fill(
    _ values: UnsafeMutableBufferPointer<Float>, fan: Fan, random: inout Random
  ) { Orthogonal().fill(values, fan: fan, random: &random) }
}

extension Choice where F == Initializers {
  /// `lsuv` in a recipe.
  public static var lsuv: Choice { Choice(LSUV()) }
}
