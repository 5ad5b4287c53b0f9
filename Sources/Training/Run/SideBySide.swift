import Dispatch

/// Trainings side by side, on as many threads as there are cores.
///
/// Each has memory of its own, and what a thread computes does not depend on how many there are.
package enum SideBySide {
  /// - Parameters:
  ///   - isSerial: one after the other, where they share what can do one thing at a time.
  ///   - body: gets a place, and whether the task that asks is cancelled.
  /// - Returns: what it made, in the order of the places.
  /// - Throws: of the errors that of the first place.
  package static func map<Value>(
    _ count: Int, isSerial: Bool = false,
    _ body: (_ place: Int, _ isCancelled: () -> Bool) throws -> Value
  ) throws -> [Value] {
    if isSerial { return try (0..<count).map { try body($0) { Task.isCancelled } } }
    var made = [Result<Value, any Error>?](repeating: nil, count: count)
    made.withUnsafeMutableBufferPointer { made in
      withUnsafeCurrentTask { task in
        // Each iteration has a place of its own; asking a task whether it is cancelled is allowed
        // from any thread.
        nonisolated(unsafe) let (made, task, body) = (made, task, body)
        DispatchQueue.concurrentPerform(iterations: count) { place in
          made[place] = Result { try body(place) { task?.isCancelled ?? false } }
        }
      }
    }
    return try made.compactMap { try $0?.get() }
  }
}
