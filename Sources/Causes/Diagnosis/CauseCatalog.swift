// Written by 'make catalog' from the folders; do not edit.

extension CauseCatalog {
  /// Everything that comes with Keel, folder by folder in alphabetical order.
  public static let standard: CauseCatalog = CauseCatalog([
    AccumulatedGradients.self,
    AttentionLogits.self,
    EmptyMean.self,
    ExcessiveDepth.self,
    ExcessiveDropout.self,
    ExcessiveMomentum.self,
    ExcessivePenalty.self,
    GrowingLearningRate.self,
    HalfPrecision.self,
    LargeLearningRate.self,
    LongRecurrence.self,
    LowLearningRate.self,
    MismatchedLoss.self,
    MissingNormalization.self,
    NumericOverflow.self,
    OutlierBatch.self,
    PoorInitialization.self,
    SteepActivation.self,
    SummedLoss.self,
    UnboundedExponent.self,
    UnscaledData.self,
    UnusualSetting.self,
  ])
}
