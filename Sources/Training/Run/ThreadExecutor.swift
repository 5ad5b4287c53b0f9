import Foundation
import Synchronization

/// Runs the jobs of one actor, one after the other, on one thread that is its own.
package final class ThreadExecutor: SerialExecutor {
  private let jobs = Jobs()
  private let turn = Turn()

  package init(name: String) {
    let (jobs, turn) = (jobs, turn)
    let thread = Thread {
      while let work = jobs.next() { turn.take(work) }
    }
    thread.name = name
    // Planning and naming walk nested layers; 8 MB is what a main thread has.
    thread.stackSize = 8 << 20
    thread.start()
  }

  deinit { jobs.close() }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let executor = asUnownedSerialExecutor()
    turn.wait()
    jobs.add { job.runSynchronously(on: executor) }
  }

  /// Does work of the actor on the calling thread, where nobody else is at it or waits: a change of
  /// threads takes longer than a small step.
  /// - Returns: nil where somebody is.
  package func performHere<Result>(_ work: () -> Result) -> Result? { turn.tryToTake(work) }

  package func checkIsolated() {
    precondition(turn.isMine, "work of a run is done on its thread, or in its turn")
  }

  /// Whose turn it is to work with the actor.
  private final class Turn: Sendable {
    private let lock = NSLock()
    /// The thread that has it; 0 where none has.
    private let owner = Atomic<UInt>(0)
    /// Jobs that wait for their turn, or have it.
    private let waiting = Atomic<Int>(0)

    /// A job is on its way.
    func wait() { waiting.add(1, ordering: .relaxed) }

    /// Does a job that was on its way.
    func take(_ job: () -> Void) {
      lock.lock()
      owner.store(Self.thread, ordering: .relaxed)
      job()
      owner.store(0, ordering: .relaxed)
      lock.unlock()
      waiting.subtract(1, ordering: .relaxed)
    }

    /// - Returns: nil where somebody has the turn, or waits for it.
    func tryToTake<Result>(_ work: () -> Result) -> Result? {
      guard waiting.load(ordering: .relaxed) == 0, lock.try() else { return nil }
      owner.store(Self.thread, ordering: .relaxed)
      defer {
        owner.store(0, ordering: .relaxed)
        lock.unlock()
      }
      return work()
    }

    var isMine: Bool { owner.load(ordering: .relaxed) == Self.thread }

    private static var thread: UInt {
      #if canImport(Darwin)
        UInt(bitPattern: pthread_self())
      #else
        UInt(pthread_self())
      #endif
    }
  }

  /// What waits to be run; the thread sleeps while there is nothing.
  private final class Jobs: @unchecked Sendable {
    private let condition = NSCondition()
    private var waiting: [() -> Void] = []
    private var isClosed = false

    func add(_ work: @escaping () -> Void) {
      condition.lock()
      waiting.append(work)
      condition.signal()
      condition.unlock()
    }

    /// The next job; nil once the executor is gone and everything is done.
    func next() -> (() -> Void)? {
      condition.lock()
      defer { condition.unlock() }
      while waiting.isEmpty, !isClosed { condition.wait() }
      return waiting.isEmpty ? nil : waiting.removeFirst()
    }

    func close() {
      condition.lock()
      isClosed = true
      condition.signal()
      condition.unlock()
    }
  }
}
