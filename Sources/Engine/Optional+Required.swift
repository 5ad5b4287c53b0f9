extension Optional {
  /// The value of what always has one; where it has none, an invariant of this package is broken.
  /// - Parameter invariant: what was taken to hold, for the report of the crash.
  @inlinable package func required(_ invariant: @autoclosure () -> String) -> Wrapped {
    guard let self else { preconditionFailure(invariant()) }
    return self
  }
}
