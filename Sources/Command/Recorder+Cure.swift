import Keel
import KeelArchive

extension Recorder {
  /// Takes the steps of the training that failed, then those of the cure.
  func record(_ progress: Cure.Progress) {
    switch progress {
    case .training(let step), .retraining(let step): record(step)
    case .failed, .diagnosed, .tried: break
    }
  }

  /// Writes what became of a case.
  func finish(_ history: CaseHistory, _ body: String) async {
    let changes = history.remedies.flatMap { $0.changes }.map { change in
      "\(change.path): \(change.to?.line ?? "removed")"
    }
    await finish(
      .init(
        history.outcome.rawValue, training: history.after ?? history.before,
        explosion: history.before.explosion, cause: history.findings.first?.cause,
        change: changes.isEmpty ? nil : changes.joined(separator: ", "), body: body))
  }
}
