/// Measures one number a layer a step; what draws it is elsewhere.
///
/// A probe reads sums that the step has taken anyway, so it costs next to nothing.
public protocol Probe: Sendable {
  /// The column's name in the trace: `gradient-norm`.
  static var name: String { get }
  static var summary: String { get }
  static func measure(_ layer: LayerMeasures) -> Float
}

/// Norms of one layer in one step, over all its parameters as one vector.
public struct LayerMeasures: Sendable {
  /// ‖g‖ before clipping.
  public let gradientNorm: Double
  /// ‖w_new − w_old‖; 0 where the step was skipped.
  public let updateNorm: Double
  /// ‖w_new‖.
  public let weightNorm: Double

  package init(gradientNorm: Double, updateNorm: Double, weightNorm: Double) {
    self.gradientNorm = gradientNorm
    self.updateNorm = updateNorm
    self.weightNorm = weightNorm
  }

  package init(_ sums: LayerSums.Sums) {
    gradientNorm = sums.gradient.squareRoot()
    updateNorm = sums.update.squareRoot()
    weightNorm = sums.weight.squareRoot()
  }
}

/// What is measured in every step.
///
/// `ProbeCatalog.standard + [MyProbe.self]` adds your own.
public struct ProbeCatalog: Sendable {
  /// The probes in the order in which a trace holds what they measure.
  public var probes: [any Probe.Type]

  public init(_ probes: [any Probe.Type]) { self.probes = probes }

  /// Their names, in order.
  public var names: [String] { probes.map { $0.name } }

  /// The catalogue with more members behind it.
  public static func + (catalog: ProbeCatalog, more: [any Probe.Type]) -> ProbeCatalog {
    ProbeCatalog(catalog.probes + more)
  }
}
