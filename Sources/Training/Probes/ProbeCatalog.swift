/// What is measured in every step. One probe is one file of this folder.
public enum ProbeCatalog {
  public static let standard: [any Probe.Type] = [GradientNorm.self, UpdateRatio.self]
}
