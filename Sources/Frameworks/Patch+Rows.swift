import KeelData
import KeelNetworks
import KeelRecipes

// What is done to rows before training.

extension Patch {
  var rows: [Part] { [Part(.data, dropping + scaling)] }

  private var scaling: [String] {
    let inputs = new.standardize.includesInputs && !old.standardize.includesInputs
    let targets = new.standardize.includesTargets && !old.standardize.includesTargets
    guard inputs || targets else { return [] }
    // Pixels share one mean and one deviation.
    let isHomogeneous = old.data.ingredient is IDX
    return ["# mean and deviation of the training part, for both parts"]
      + (inputs ? scaling("x", together: isHomogeneous) : [])
      + (targets
        ? scaling("y", together: false)
          + ["# in the targets' own units: prediction * y_std + y_mean"]
        : [])
  }

  /// For arrays and tensors alike.
  private func scaling(_ name: String, together: Bool) -> [String] {
    let axis = together ? "" : "axis=0"
    // Where bad steps are left out some rows may be no numbers.
    let mayBeBad = new.training.badSteps == .skip && old.training.badSteps != .skip
    let known = mayBeBad ? "\(name)_known" : "\(name)_train"
    return [
      "\(name)_train, \(name)_test = \(name)_train * 1.0, \(name)_test * 1.0  # bytes become floats"
    ]
      + (mayBeBad
        ? [
          "\(known) = \(name)_train[(\(name)_train - \(name)_train == 0)"
            + ".reshape(len(\(name)_train), -1).all(1)]  # rows without nan"
        ] : [])
      + [
        "\(name)_mean = \(known).mean(\(axis))",
        "\(name)_std = ((\(known) - \(name)_mean) ** 2).mean(\(axis)) ** 0.5",
      ]
      + (together
        ? [] : ["\(name)_std = \(name)_std + (\(name)_std == 0)  # a constant column becomes 0"])
      + [
        "\(name)_train = (\(name)_train - \(name)_mean) / \(name)_std",
        "\(name)_test = (\(name)_test - \(name)_mean) / \(name)_std",
      ]
  }

  private var dropping: [String] {
    guard new.training.badRows == .drop, old.training.badRows != .drop else { return [] }
    let names =
      (old.vocabulary == nil ? ["x_train"] : [])
      + (old.loss.member.isOverClasses ? [] : ["y_train"])
    let keep = "np.all([is_usual(column) for column in columns.T], axis=0)"
    return [
      "import numpy as np",
      "def is_usual(column):",
      "    column = np.asarray(column, dtype=np.float64)",
      "    distance = np.abs(column - np.median(column[np.isfinite(column)]))",
      "    near = np.sort(distance[np.isfinite(distance) & (distance > 0)])",
      "    if len(near) < 10: return np.isfinite(column)",
      "    usual = np.sqrt(np.mean(near[: len(near) * 9 // 10] ** 2))",
      "    return distance <= \(Int(Outliers.limit)) * usual  # false for nan",
      "columns = np.concatenate(",
      "    [np.reshape(part, (len(part), -1)) for part in (\(names.joined(separator: ", ")),)], axis=1)",
      "keep = \(keep)",
      "if keep.mean() < 0.9: keep[:] = True  # a heavy tail is no fault of rows",
      "keep = keep.nonzero()[0]",
      "x_train, y_train = x_train[keep], y_train[keep]",
    ]
  }
}
