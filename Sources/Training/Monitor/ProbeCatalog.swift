// Written by 'make catalog' from the folders; do not edit.

extension ProbeCatalog {
  /// Everything that comes with Keel, folder by folder in alphabetical order.
  public static let standard: ProbeCatalog = ProbeCatalog([
    GradientNorm.self,
    UpdateRatio.self,
  ])
}
