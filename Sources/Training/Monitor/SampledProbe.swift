/// Measures of a network what is too dear for every step: between two steps, in some of them.
///
/// It changes nothing: the training is bit for bit the one that nobody sampled.
package protocol SampledProbe: Sendable {
  static var name: String { get }
  static var summary: String { get }
  /// What a look takes, in steps of the training, as long as nobody has measured it.
  static var steps: Double { get }
  init()
  /// What it sees after the newest step, whose batch and gradients are still in memory.
  /// - Returns: nil where the network has nothing of the kind; nothing where this step shows none.
  mutating func sample(_ trainer: Trainer) -> [Run.Sample]?
}

extension Run {
  /// A number that was measured in one step.
  public struct Sample: Hashable, Codable, Sendable {
    /// Counts from 0.
    public let step: Int
    /// What it is: `sharpness`.
    public let name: String
    /// The layer it is of; empty where it is of the whole.
    public let layer: String
    /// Not finite where what was measured is not.
    public let value: Double

    package init(step: Int, name: String, layer: String = "", value: Double) {
      (self.step, self.name, self.layer, self.value) = (step, name, layer, value)
    }
  }
}

/// What looks at a training now and then, where a budget is given.
public struct SampledProbeCatalog: Sendable {
  package let probes: [any SampledProbe.Type]

  init(_ probes: [any SampledProbe.Type]) { self.probes = probes }
}
