// Written by 'make catalog' from the folders; do not edit.

extension RemedyCatalog {
  /// Everything that comes with Keel, folder by folder in alphabetical order.
  public static let standard: RemedyCatalog = RemedyCatalog([
    AdaptLearningRate.self,
    AddResiduals.self,
    AdjustSetting.self,
    AverageLoss.self,
    BoundExponent.self,
    ClipGradients.self,
    ConstrainWeights.self,
    DropBadRows.self,
    EaseDropout.self,
    EasePenalty.self,
    GateRecurrence.self,
    LowerLearningRate.self,
    LowerMomentum.self,
    MatchLoss.self,
    NormalizeBatches.self,
    NormalizeOutput.self,
    RaiseLearningRate.self,
    RegularizeWeights.self,
    Reinitialize.self,
    RestoreSetting.self,
    ScaleLoss.self,
    SimplifyNetwork.self,
    SkipBadSteps.self,
    StandardizeData.self,
    SteadySchedule.self,
    SwapActivation.self,
    TruncateBackpropagation.self,
    WarmUp.self,
  ])
}
