import Dispatch
import Foundation
import Synchronization

/// Trainings side by side, on as many threads as there are cores.
///
/// Each has memory of its own, and what a thread computes does not depend on how many there are.
package enum SideBySide {
  /// - Parameters:
  ///   - places: how many at a time, where that is not for the cores to say: others train.
  ///   - body: gets a place, and whether the task that asks is cancelled.
  /// - Returns: what it made, in the order of the places.
  /// - Throws: of the errors that of the first place.
  package static func map<Value>(
    _ count: Int, places: Int? = nil,
    _ body: (_ place: Int, _ isCancelled: () -> Bool) throws -> Value
  ) throws -> [Value] {
    if places == 1 { return try (0..<count).map { try body($0) { Task.isCancelled } } }
    var made = [Result<Value, any Error>?](repeating: nil, count: count)
    made.withUnsafeMutableBufferPointer { made in
      withUnsafeCurrentTask { task in
        // Each iteration has a place of its own; asking a task whether it is cancelled is allowed
        // from any thread.
        nonisolated(unsafe) let (made, task) = (made, task)
        withoutActuallyEscaping(body) { body in
          nonisolated(unsafe) let body = body
          let work = Work(count) { place in
            made[place] = Result { try body(place) { task?.isCancelled ?? false } }
          }
          if let places {
            work.perform(on: min(places, count))
          } else {
            DispatchQueue.concurrentPerform(iterations: count) { work.make($0) }
          }
          work.end()
        }
      }
    }
    return try made.compactMap { try $0?.get() }
  }

  /// What is to be made, until it is.
  private final class Work: @unchecked Sendable {
    private let count: Int
    /// Not there any more once all of it is made: no thread that is about to end may hold it.
    private var body: ((Int) -> Void)?
    private let next = Mutex(0)

    init(_ count: Int, _ body: @escaping (Int) -> Void) { (self.count, self.body) = (count, body) }

    func make(_ place: Int) { body?(place) }

    func end() { body = nil }

    private func claim() -> Int? {
      next.withLock { next in
        guard next < count else { return nil }
        defer { next += 1 }
        return next
      }
    }

    /// On threads of its own, most of which wait: however few cores there are.
    func perform(on threads: Int) {
      let group = DispatchGroup()
      for _ in 0..<threads {
        group.enter()
        Thread { [self] in
          while let place = claim() { make(place) }
          group.leave()
        }.start()
      }
      group.wait()
    }
  }
}
