import KeelData
import KeelEngine
import KeelSettings

/// A few symbols to keep in mind over a delay and to give back when asked.
///
/// **Definition** A sequence is `span` symbols, each one of `symbols`; `length` − 1 blanks; a
/// delimiter; `span` blanks. To be given: a blank at every position but the last `span`, there the
/// symbols in their order. Who remembers nothing pays span·ln(symbols)/(length + 2·span) a
/// position: that is the loss of the best constant.
///
/// **Shapes** Inputs [`length` + 2·`span`, `symbols` + 2], one-hot: the symbols, the blank, the
/// delimiter; at every position a class 0 ... `symbols`, the last being the blank.
///
/// **References** Hochreiter and Schmidhuber, 1997; Arjovsky et al., *Unitary evolution recurrent
/// neural networks*, ICML 2016, §5.1.
public struct CopyMemory: Dataset {
  public static let name = "copy-memory"
  public static let summary = "symbols to be given back after a delay"
  public static let fields: [Field<CopyMemory>] = [
    .init("length", \.length, .atLeast(1), "steps from the last symbol to the delimiter"),
    .init("samples", \.samples, .atLeast(2), "rows in all"),
    .init("symbols", \.symbols, .atLeast(2), "kinds of symbols"),
    .init("span", \.span, .atLeast(1), "symbols to remember"),
    .init("test", \.test, "the last rows: a fraction, or a count"),
  ]
  /// Steps from the last symbol to the delimiter.
  public var length = 50
  /// Rows, test part included.
  public var samples = 1000
  /// Kinds of symbols, the blank and the delimiter left aside.
  public var symbols = 8
  /// Symbols of a row that are to be given back.
  public var span = 10
  /// The last rows, kept apart for testing.
  public var test = TestPart.none

  public init() {}

  public func load(from folder: String, seed: UInt64) throws -> DataSplit {
    try check()
    let (steps, width) = (length + 2 * span, symbols + 2)
    try checkMemory(samples: samples, numbers: Shape(steps, width).count)
    var random = Random(seed: seed, stream: "data/copy-memory")
    let (blank, delimiter) = (symbols, symbols + 1)
    var inputs = [Float](repeating: 0, count: samples * steps * width)
    var classes: [Int32] = []
    classes.reserveCapacity(samples * steps)
    for row in 0..<samples {
      let kept = (0..<span).map { _ in random.below(symbols) }
      for step in 0..<steps {
        let symbol = step < span ? kept[step] : step == span + length - 1 ? delimiter : blank
        inputs[(row * steps + step) * width + symbol] = 1
        classes.append(Int32(step < steps - span ? blank : kept[step - (steps - span)]))
      }
    }
    // Rows are independent and need no shuffling.
    let rows = Examples(
      inputs: inputs, shape: Shape(steps, width),
      targets: Targets(values: .classes(classes), columns: 1, positions: steps))
    return try test.split(rows, at: "data.copy-memory")
  }
}

extension Choice where F == Datasets {
  /// `copy-memory: {length: …, samples: …, symbols: …, span: …, test: …}` in a recipe.
  public static func copyMemory(
    length: Int = 50, samples: Int = 1000, symbols: Int = 8, span: Int = 10,
    test: TestPart = .none
  ) -> Choice {
    var problem = CopyMemory()
    (problem.length, problem.samples, problem.test) = (length, samples, test)
    (problem.symbols, problem.span) = (symbols, span)
    return Choice(problem)
  }
}
