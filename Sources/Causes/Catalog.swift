// Written by 'make catalog' from the folders; do not edit.

extension CauseCatalog {
  public static let standard: CauseCatalog = CauseCatalog([
    LargeLearningRate.self
  ])
}
