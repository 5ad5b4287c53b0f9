// Written by 'make catalog' from the folders; do not edit.

extension SampledProbeCatalog {
  /// Everything that comes with Keel, folder by folder in alphabetical order.
  public static let standard: SampledProbeCatalog = SampledProbeCatalog([
    ActivationMoments.self,
    AttentionLogit.self,
    BatchSharpness.self,
    GradientExponents.self,
  ])
}
