import KeelData
import KeelEngine
import KeelRecipes
import Synchronization

/// A recipe and the rows it trains on, loaded once: what every verb takes.
///
/// Or somebody else's training, which an engine runs: the recipe then holds its settings, and
/// nothing else of it.
///
/// It is a value: rows that change afterwards, in a file or in the arrays it was made of, are not
/// seen.
public struct Problem: Sendable {
  /// What decides the training.
  public let recipe: Recipe
  /// The rows, before they are standardised; without bad ones where the recipe drops them.
  public let rows: DataSplit
  /// What a run measures in every layer and step; your own beside Keel's:
  /// `.standard + [MyProbe.self]`.
  ///
  /// Without `UpdateRatio` no divergence is laid to the layer that moved most. What an engine
  /// trains is measured by the standard ones.
  public var probes = ProbeCatalog.standard
  /// Tensors that a training begins with in place of those that it draws, by name.
  ///
  /// Under a recipe whose network has none of that name and shape they are left out.
  public let initial: [Tensor]
  private let facts: RowFacts
  /// Who trains it; nil where Keel does.
  package let engine: (any TrainingEngine)?

  /// Reads or makes the rows that the recipe names, and the weights that it begins with.
  /// - Throws: `KeelError` where they cannot be read, where they are to be given
  ///   (`data: .memory`), or where the weights are not those of the recipe's network.
  public init(_ recipe: Recipe) throws {
    try self.init(
      recipe, rows: recipe.data.member.load(from: recipe.folder, seed: recipe.seed), given: [])
  }

  /// Rows given in place of the recipe's own.
  /// - Parameters:
  ///   - train: the rows that are trained on: `count` × `shape` inputs in their own units, and what
  ///     each should give, numbers or classes from 0.
  ///   - test: rows of the same shape that are only looked at; nil where none are kept apart.
  ///   - initial: tensors to begin with, such as those of a network that was trained before; what
  ///     is not among them begins as the recipe says.
  /// - Throws: `KeelError` where a part has no rows, its counts do not fit each other, the two
  ///   do not fit together, or a tensor is none of the recipe's network.
  public init(
    _ recipe: Recipe, train: Examples, test: Examples? = nil, initial: [Tensor] = []
  ) throws {
    try train.check(as: "train")
    try test?.check(as: "test")
    if let test, let difference = test.difference(from: train) {
      throw KeelError(
        .invalid, at: "test", difference, fix: "give both parts rows of the same form")
    }
    var recipe = recipe
    if !initial.isEmpty { recipe.initial = .init(.memory) }
    try self.init(recipe, rows: DataSplit(train: train, test: test), given: initial)
  }

  /// - Parameter given: tensors that a program gives.
  private init(_ recipe: Recipe, rows: DataSplit, given: [Tensor]) throws {
    try recipe.checkSettings()
    let rows = recipe.droppingBadRows(of: rows)
    let initial = try recipe.initialTensors(given, row: rows.train.shape)
    self.init(recipe, rows, initial, RowFacts(recipe, rows))
  }

  /// - Parameter rows: those of the recipe, bad ones among them.
  package init(_ recipe: Recipe, rows: DataSplit) {
    let rows = recipe.droppingBadRows(of: rows)
    self.init(recipe, rows, [], RowFacts(recipe, rows))
  }

  /// Another's training.
  /// - Parameters:
  ///   - rows: how many there are; what is in them is not known here.
  ///   - summary, outliers: what is known of them.
  package init(
    _ recipe: Recipe, rows: DataSplit, summary: DataSummary, outliers: Outliers,
    by engine: any TrainingEngine
  ) {
    self.init(
      recipe, rows, [], RowFacts(recipe, rows, known: (outliers, summary)), by: engine)
  }

  private init(
    _ recipe: Recipe, _ rows: DataSplit, _ initial: [Tensor], _ facts: RowFacts,
    by engine: (any TrainingEngine)? = nil
  ) {
    (self.recipe, self.rows, self.initial, self.facts) = (recipe, rows, initial, facts)
    self.engine = engine
  }

  /// The same rows and weights under another recipe; without the bad rows where that drops them,
  /// without the weights where that draws its own. (What is gone does not come back.)
  public func with(_ recipe: Recipe) -> Problem {
    let initial = recipe.initial.value == nil ? [] : initial
    var (rows, facts) = (rows, facts)
    if recipe.training.badRows != self.recipe.training.badRows, engine == nil {
      rows = recipe.droppingBadRows(of: rows)
      facts = RowFacts(recipe, rows)
    }
    var problem = Problem(recipe, rows, initial, facts, by: engine)
    problem.probes = probes
    return problem
  }

  /// How many steps the recipe takes on these rows.
  package var steps: Int {
    let training = recipe.training
    let rows = self.rows.train.count
    let batch = max(1, min(training.batch, rows))
    let perEpoch = training.dropLast ? rows / batch : (rows + batch - 1) / batch
    let (all, overflow) = perEpoch.multipliedReportingOverflow(by: training.epochs)
    return min(overflow ? .max : all, training.maxSteps ?? .max)
  }

  // MARK: what the rows are like, measured once

  /// Rows of the training part with numbers far outside the rest, where the recipe keeps them.
  public var outliers: Outliers { facts.measured.outliers }

  /// How large the numbers of the training part are; of the rows without outliers.
  public var summary: DataSummary { facts.measured.summary }

  /// Tells rows from others: names, shapes and every number.
  package var checksum: String { facts.checksum }

  /// Whether another problem has the same rows.
  package func hasRows(of other: Problem) -> Bool {
    facts === other.facts || checksum == other.checksum
  }
}

/// What rows are like: measured when somebody asks, and kept.
///
/// What counts as an outlier is for the recipe to say that the rows were given with; those that are
/// tried on them change nothing of it.
private final class RowFacts: Sendable {
  private let recipe: Recipe
  private let rows: DataSplit
  private let known: Mutex<(outliers: Outliers, summary: DataSummary)?>
  private let sum = Mutex<String?>(nil)

  init(
    _ recipe: Recipe, _ rows: DataSplit, known: (outliers: Outliers, summary: DataSummary)? = nil
  ) {
    (self.recipe, self.rows) = (recipe, rows)
    self.known = Mutex(known)
  }

  var measured: (outliers: Outliers, summary: DataSummary) {
    known.withLock { known in
      if let known { return known }
      let outliers =
        recipe.training.badRows == .drop ? Outliers.none : recipe.outliers(in: rows.train)
      let measured = (outliers, DataSummary(rows.train, leavingOut: outliers.rows))
      known = measured
      return measured
    }
  }

  var checksum: String {
    sum.withLock { sum in
      if let sum { return sum }
      let checksum = rows.checksum
      sum = checksum
      return checksum
    }
  }
}
