import Foundation

/// Runs the jobs of one actor, one after the other, on one thread that is its own.
package final class ThreadExecutor: SerialExecutor {
  private let jobs = Jobs()

  package init(name: String) {
    let jobs = jobs
    let thread = Thread {
      while let work = jobs.next() { work() }
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
    jobs.add { job.runSynchronously(on: executor) }
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
