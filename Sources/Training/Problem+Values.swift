import KeelEngine

extension Problem {
  /// All weights and all gradients of a training after so many steps: what its numbers are like
  /// before something goes wrong.
  /// - Returns: nil where it does not come so far.
  /// - Throws: `KeelError` where it cannot be trained.
  package func values(after steps: Int) throws -> (weights: [Float], gradients: [Float])? {
    let trainer = try Trainer(self, keepsSnapshots: false)
    _ = trainer.train(steps: steps, isCancelled: { false }, observe: { _ in })
    guard trainer.step == steps, trainer.explosion == nil else { return nil }
    let step = trainer.trainingStep
    func all(_ buffer: (Parameter) -> Buffer) -> [Float] {
      step.plan.parameters.flatMap { parameter in
        Array(
          UnsafeBufferPointer(
            start: step.memory[buffer(parameter)], count: parameter.buffer.count))
      }
    }
    return (all(\.buffer), all(\.buffer.gradient))
  }
}
