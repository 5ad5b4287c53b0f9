/// Something that happened at a step of a training.
package struct StepMark: Equatable, Sendable {
  package enum Kind: Equatable, Sendable {
    case alarm, snapshot, skipped
    /// Back to an earlier step.
    case rewind(to: Int)
  }

  package let step: Int
  package let kind: Kind

  package init(_ kind: Kind, step: Int) { (self.kind, self.step) = (kind, step) }
}
