import KeelRecipes

/// What the difference of two recipes comes to in another framework: lines to paste, with comments
/// that say where they go.
///
/// A remedy says what changes; that is all it need say.
package struct Patch {
  let target: ExportTarget
  let old, new: Recipe

  package init(_ target: ExportTarget, from old: Recipe, to new: Recipe) {
    (self.target, self.old, self.new) = (target, old, new)
  }

  /// In the order in which a script comes to them.
  package var lines: [String] { rows + model + loss + optimizer + loop }
}
