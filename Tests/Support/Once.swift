import Synchronization

/// A value that is computed when it is first asked for, once for all who ask.
public final class Once<Value: Sendable>: Sendable {
  private let result = Mutex<Result<Value, any Error>?>(nil)
  private let compute: @Sendable () throws -> Value

  public init(_ compute: @escaping @Sendable () throws -> Value) { self.compute = compute }

  /// Others who ask meanwhile wait.
  public func value() throws -> Value {
    try result.withLock { result in
      let known = result ?? Result { try compute() }
      result = known
      return try known.get()
    }
  }
}
