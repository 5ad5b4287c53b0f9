// Written by 'make catalog' from the folders; do not edit.

extension RemedyCatalog {
  public static let standard: RemedyCatalog = RemedyCatalog([
    LowerLearningRate.self
  ])
}
