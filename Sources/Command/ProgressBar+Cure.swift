import KeelAuthoring
import KeelReport

extension ProgressBar {
  /// Shows what a diagnosis is doing.
  func show(_ progress: Diagnosis.Progress) {
    switch progress {
    case .training(let step): show("training", step)
    case .failed(let training):
      let what = training.explosion == nil ? "learnt nothing" : "exploded"
      show("\(what); diagnosing", training.steps, of: training.steps, "")
    case .experimented(let row):
      let kept = row.kept.isEmpty ? "everything reset" : "only \(row.kept.joined(separator: ", "))"
      show("diagnosing", 1, of: 1, "\(kept): \(row.outcome.rawValue)")
    }
  }

  /// Shows what a cure is doing.
  func show(_ progress: Cure.Progress) {
    switch progress {
    case .diagnosis(let progress): show(progress)
    case .searching: break
    case .retraining(let step): show("training the cure", step)
    case .diagnosed(let findings):
      show("trying remedies for \(findings.first?.cause ?? "it")", 0, of: 1, "")
    case .tried(let trial):
      let remedies = trial.remedies.map(\.remedy).joined(separator: " + ")
      show("trying remedies", 1, of: 1, "\(remedies): \(trial.outcome.rawValue)")
    }
  }
}
