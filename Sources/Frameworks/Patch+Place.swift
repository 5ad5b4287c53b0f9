extension Patch {
  /// Where in a training script lines go, in the order in which it runs.
  package enum Place: CaseIterable {
    case data, model, loss, optimizer, rate, schedule, training, backward, gradients, step, update
  }
}

extension Patch.Place {
  /// The comment that stands over the lines.
  package func heading(in target: ExportTarget) -> String {
    switch (target, self) {
    case (_, .data): "# once x_train, y_train, x_test and y_test are there:"
    case (.pytorch, .model): "# once model is there, before model.to(device) and the optimizer:"
    case (.keras, .model): "# once model is there, before model.compile:"
    case (_, .loss): "# in place of the loss:"
    case (_, .optimizer): "# in place of the optimizer:"
    case (_, .rate): "# once optimizer is there:"
    case (_, .schedule): "# in place of the schedule:"
    case (.pytorch, .training): "# before the loop:"
    case (.keras, .training): "# before model.fit:"
    case (_, .backward): "# before loss.backward():"
    case (_, .gradients): "# between loss.backward() and optimizer.step():"
    case (_, .step): "# in place of optimizer.step():"
    case (_, .update): "# after optimizer.step():"
    }
  }
}
