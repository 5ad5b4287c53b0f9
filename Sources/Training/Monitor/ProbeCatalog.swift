// Written by 'make catalog' from the folders; do not edit.

extension ProbeCatalog {
  public static let standard: ProbeCatalog = ProbeCatalog([
    GradientNorm.self,
    UpdateRatio.self,
  ])
}
