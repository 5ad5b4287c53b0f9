import KeelRecipes

/// What the difference of two recipes comes to in another framework: lines to paste, under comments
/// that say where they go.
///
/// A remedy says what changes; that is all it need say. The lines act on the script's own `model`,
/// `optimizer` and `x_train`, so that they need no more of it than these names.
package struct Patch {
  let target: ExportTarget
  let old, new: Recipe

  package init(_ target: ExportTarget, from old: Recipe, to new: Recipe) {
    (self.target, self.old, self.new) = (target, old, new)
  }

  /// Lines that go to one place of a script.
  struct Part {
    let place: Place
    let lines: [String]
    init(_ place: Place, _ lines: [String]) { (self.place, self.lines) = (place, lines) }
  }

  /// In the order in which a script comes to them; what has no line there is said last.
  package var lines: [String] {
    let parts = rows + model + loss + optimizer + loop + own.flatMap(\.parts)
    let placed = Place.allCases.flatMap { place -> [String] in
      let lines = parts.filter { $0.place == place }.flatMap(\.lines)
      return lines.isEmpty ? [] : [place.heading(in: target)] + lines
    }
    return names(in: placed) + placed + withoutLine
  }

  /// A comment that says which names of the script the lines use.
  private func names(in lines: [String]) -> [String] {
    let words = Set(
      lines.filter { !$0.hasPrefix("#") }
        .flatMap { $0.split { !($0.isLetter || $0.isNumber || $0 == "_") } })
    let used = [
      "torch", "nn", "keras", "model", "optimizer", "scheduler", "loss", "batch_size", "labels",
      "x_train",
      "y_train",
      "x_test", "y_test",
    ].filter { words.contains($0[...]) }
    return used.isEmpty
      ? [] : ["# change these names to those of your script: \(used.joined(separator: ", "))"]
  }
}
