import CKernels
import KeelData
import KeelEngine
import KeelRecipes

/// Which rows each step sees: a function of the step alone, so that a rewound run sees them again.
package struct Batches {
  /// Rows in a full batch.
  package let size: Int
  package let stepsPerEpoch: Int
  /// Steps in the whole run.
  package let total: Int
  private let rows: Int
  private let seed: UInt64
  private let isShuffled: Bool
  /// Steps that are passed over, because their batch was seen to blow the run up.
  private var skipped: Set<Int> = []
  /// Rows that are left out of every batch, for the same reason, and room for what is left of one.
  private var excluded: Set<Int32> = []
  private var kept: [Int32] = []
  private var order: [Int32]
  private var orderedEpoch = -1

  /// - Throws: `KeelError` where drop-last leaves no batch.
  package init(_ recipe: Recipe, rows: Int) throws {
    let training = recipe.training
    // A recipe file cannot say so; Swift code can.
    guard training.batch >= 1, training.epochs >= 1, training.maxSteps ?? 1 >= 1 else {
      throw KeelError(
        .invalid, at: "training", "epochs, batch and max-steps must be at least 1",
        fix: "give whole numbers of at least 1")
    }
    if training.dropLast, training.batch > rows {
      throw KeelError(
        .invalid, at: "training.batch",
        "\(training.batch) rows a batch, but only \(rows) to train on, and drop-last drops them",
        fix: "use a batch of at most \(rows), or drop-last: false")
    }
    size = min(training.batch, rows)
    stepsPerEpoch = training.dropLast ? rows / size : (rows + size - 1) / size
    let (all, overflow) = stepsPerEpoch.multipliedReportingOverflow(by: training.epochs)
    total = min(overflow ? .max : all, training.maxSteps ?? .max)
    self.rows = rows
    seed = recipe.seed
    isShuffled = training.shuffle
    order = (0..<rows).map(Int32.init)
  }

  /// Steps that are passed over, in order.
  package var skippedSteps: [Int] { skipped.sorted() }

  package func isSkipped(_ step: Int) -> Bool { !skipped.isEmpty && skipped.contains(step) }

  /// Passes a step over from now on, however often the run comes by.
  package mutating func skip(_ step: Int) { skipped.insert(step) }

  package mutating func unskip(_ step: Int) { skipped.remove(step) }

  /// Rows that are left out of every batch, in order.
  package var excludedRows: [Int32] { excluded.sorted() }

  /// Leaves these rows, and no others, out of every batch from now on.
  package mutating func exclude(_ rows: some Sequence<Int32>) {
    excluded = Set(rows)
    kept.reserveCapacity(size)
  }

  /// How many rows a step has, those that are left out included.
  package func count(at step: Int) -> Int {
    min(size, rows - step % stepsPerEpoch * size)
  }

  /// Calls `body` with the rows of a step; nothing is allocated.
  package mutating func withRows<R>(
    at step: Int, _ body: (UnsafeBufferPointer<Int32>) -> R
  ) -> R {
    let epoch = step / stepsPerEpoch
    if isShuffled, epoch != orderedEpoch {
      // Each epoch has 2³² blocks of the stream to itself.
      var random = Random(seed: seed, stream: "order", position: UInt64(epoch) << 32)
      random.permute(&order)
      orderedEpoch = epoch
    }
    let first = step % stepsPerEpoch * size
    let count = count(at: step)
    guard excluded.isEmpty else {
      kept.removeAll(keepingCapacity: true)
      for row in order[first..<first + count] where !excluded.contains(row) { kept.append(row) }
      return kept.withUnsafeBufferPointer(body)
    }
    return order.withUnsafeBufferPointer {
      body(UnsafeBufferPointer(rebasing: $0[first..<first + count]))
    }
  }
}

extension PreparedData.Part {
  /// Copies rows and their targets, classes one-hot, to where a plan reads them; as many classes a
  /// row as the output has vectors.
  package func gather(_ rows: UnsafeBufferPointer<Int32>, _ plan: Plan, _ memory: Memory) {
    let width = plan.input.shape.count
    let columns = plan.output.shape.count
    inputs.withUnsafeBufferPointer {
      keel_gather_rows(
        $0.baseAddress, rows.baseAddress, memory[plan.input.value], rows.count, width)
    }
    let targets = memory[plan.targets]
    if numbers.isEmpty {
      keel_fill(targets, rows.count * columns, 0)
      let (positions, width) = (plan.output.shape.leading, plan.output.shape.last)
      for (index, row) in rows.enumerated() {
        for position in 0..<positions {
          let label = Int(classes[Int(row) * positions + position])
          targets[(index * positions + position) * width + label] = 1
        }
      }
    } else {
      numbers.withUnsafeBufferPointer {
        keel_gather_rows($0.baseAddress, rows.baseAddress, targets, rows.count, columns)
      }
    }
  }
}
