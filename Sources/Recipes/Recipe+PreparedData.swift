import KeelData
import KeelEngine
import KeelNetworks
import KeelSettings

extension PreparedData {
  /// Applies the rules for targets, and standardises.
  /// - Parameter output: one row of what the model gives.
  /// - Throws: `KeelError` where targets do not fit the outputs or the loss, or have no scale.
  package init(_ parts: DataSplit, recipe: Recipe, output: Shape) throws {
    try recipe.checkTokens(parts)
    let examples = [parts.train] + (parts.test.map { [$0] } ?? [])
    // One rule for both parts: a fraction in either makes the column numbers in both.
    let isClasses =
      recipe.loss.member.isOverClasses
      && examples.allSatisfy { $0.targets.holdsIntegers(positions: output.leading) }
    let targets = examples.map { isClasses ? $0.targets.integersAsClasses() : $0.targets }
    let kind = try TargetKind(
      targets, isBinary: recipe.loss.member.isBinary, output: output
    ) { part, row in examples[part].place(ofRow: row) }
    var inputScale: Scale?
    if recipe.standardize.includesInputs {
      inputScale = Scale(
        measuring: parts.train.inputs, columns: parts.train.shape.count,
        together: parts.train.isHomogeneous)
    }
    var targetScale: Scale?
    if recipe.standardize.includesTargets {
      guard case .numbers(let numbers) = targets[0].values else {
        throw KeelError(
          .invalid, at: "standardize", "the targets are classes, which have no scale",
          fix: "write standardize: inputs")
      }
      targetScale = Scale(measuring: numbers, columns: kind.columns, together: false)
    }
    let prepared = zip(examples, targets).map { Part($0, $1, kind, inputScale, targetScale) }
    for (part, examples) in zip(prepared, examples) {
      try Self.check(part, examples, kind, recipe)
    }
    self.init(
      train: prepared[0], test: prepared.count > 1 ? prepared[1] : nil, shape: parts.train.shape,
      columns: parts.train.columns, targets: kind, inputScale: inputScale, targetScale: targetScale)
  }
}

extension PreparedData {
  /// Every number must be a target that the loss can have; what is no number is for the run to
  /// meet.
  private static func check(
    _ part: Part, _ examples: Examples, _ kind: TargetKind, _ recipe: Recipe
  ) throws {
    let range = recipe.loss.member.targetRange
    guard let index = part.numbers.firstIndex(where: { !$0.isNaN && !range.contains($0) }) else {
      return
    }
    let column = index % kind.columns
    let name = kind.names.flatMap { column < $0.count ? ", column '\(shown($0[column]))'" : nil }
    let isScaled = recipe.standardize.includesTargets
    throw KeelError(
      .invalid,
      at: examples.place(ofRow: index / kind.columns) + (name ?? ", target \(column)"),
      "the target \(isScaled ? "becomes" : "is") \(part.numbers[index])"
        + (isScaled ? ", standardized" : "")
        + "; \(recipe.loss.name) takes targets from \(Settings.number(Double(range.lowerBound)).line) "
        + "to \(Settings.number(Double(range.upperBound)).line)",
      fix: isScaled
        ? "write standardize: inputs" : "use a loss for numbers, such as mean-squared-error")
  }
}
