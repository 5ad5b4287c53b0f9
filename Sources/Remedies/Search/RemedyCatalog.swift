// Written by 'make catalog' from the folders; do not edit.

extension RemedyCatalog {
  /// Everything that comes with Keel, folder by folder in alphabetical order.
  public static let standard: RemedyCatalog = RemedyCatalog([
    AdaptLearningRate.self,
    AddResiduals.self,
    ClipGradients.self,
    ConstrainWeights.self,
    DropBadRows.self,
    GateRecurrence.self,
    LowerLearningRate.self,
    MatchLoss.self,
    NormalizeBatches.self,
    RegularizeWeights.self,
    Reinitialize.self,
    SimplifyNetwork.self,
    SkipBadSteps.self,
    StandardizeData.self,
    SwapActivation.self,
    TruncateBackpropagation.self,
    WarmUp.self,
  ])
}
