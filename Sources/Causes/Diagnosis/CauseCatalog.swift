// Written by 'make catalog' from the folders; do not edit.

extension CauseCatalog {
  /// Everything that comes with Keel, folder by folder in alphabetical order.
  public static let standard: CauseCatalog = CauseCatalog([
    ExcessiveDepth.self,
    LargeLearningRate.self,
    LongRecurrence.self,
    MismatchedLoss.self,
    NumericOverflow.self,
    OutlierBatch.self,
    PoorInitialization.self,
    SteepActivation.self,
    UnscaledData.self,
  ])
}
