/// A thread of its own for work that computes for long: the cooperative pool is for what waits.
package actor Worker {
  private let thread: ThreadExecutor

  /// - Parameter name: what the thread is called, for debuggers.
  package init(name: String) { thread = ThreadExecutor(name: name) }

  package nonisolated var unownedExecutor: UnownedSerialExecutor {
    thread.asUnownedSerialExecutor()
  }

  /// Does the work there; a cancelled task is seen by it.
  package func run<Value: Sendable>(_ work: @Sendable () throws -> Value) throws -> Value {
    try work()
  }
}
