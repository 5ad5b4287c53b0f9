import KeelNetworks
import KeelRecipes
import KeelSettings

// What no line was found for.

extension Patch {
  /// A sentence for each setting that changed and that the lines above say nothing of.
  var withoutLine: [String] {
    new.diff(from: old).filter { !isCovered($0) }.map { change in
      let (from, to) = (change.from?.brief().line, change.to?.brief().line)
      return "# \(change.path): \(to ?? "none") in place of \(from ?? "none");"
        + " there is no line for that"
    }
  }

  /// By where it stands: what each part of the lines is about.
  private func isCovered(_ change: Change) -> Bool {
    if own.contains(where: { change.path.hasSuffix(".own.\($0.setting)") }) { return true }
    let root = change.path.prefix { $0 != "." && $0 != "[" }
    switch root {
    case "standardize", "optimizer", "regularizer", "initializer": return true
    case "loss": return ExportTarget.has(new.loss)
    case "clipping":
      return new.clipping == [] || new.clipping.choices.last?.ingredient is ClipByGlobalNorm
    case "schedule": return !schedule.allSatisfy(\.lines.isEmpty) || new.schedule == .constant
    case "training": return change.path.hasSuffix("bad-steps") || change.path.hasSuffix("bad-rows")
    case "model": return isModelCovered(change)
    default: return false
    }
  }

  private func isModelCovered(_ change: Change) -> Bool {
    switch change.path.split(separator: ".").last {
    case "activation": !activations.isEmpty || !output.isEmpty
    case "initializer", "bias-initializer", "recurrent-initializer": !weights.isEmpty
    case "rate", "epsilon", "momentum": !numbers.isEmpty
    case "truncate": !truncation.isEmpty
    default: !model.allSatisfy(\.lines.isEmpty)
    }
  }
}
