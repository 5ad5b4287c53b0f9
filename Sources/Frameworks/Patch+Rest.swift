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
    let root = change.path.prefix { $0 != "." && $0 != "[" }
    switch root {
    case "standardize", "loss", "optimizer", "regularizer", "clipping", "initializer": return true
    case "schedule": return !schedule.isEmpty || new.schedule == .constant
    case "training":
      return change.path.hasSuffix("bad-steps") || change.path.hasSuffix("bad-rows")
        || change.path.hasSuffix("batch")
    case "model": return !model.allSatisfy(\.lines.isEmpty)
    default: return false
    }
  }
}
