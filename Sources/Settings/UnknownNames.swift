import KeelEngine

/// The names that no catalogue has, gathered while the rest is read: the first is what the error
/// says, and it names them all.
struct UnknownNames {
  private var first: KeelError?

  /// - Throws: every other error, at once.
  mutating func gather(_ read: () throws -> Void) throws {
    do { try read() } catch let error as KeelError where !error.unknownNames.isEmpty {
      let names = (first?.unknownNames ?? []) + error.unknownNames
      if first == nil { first = error }
      first?.unknownNames = names
    }
  }

  func check() throws {
    if let first { throw first }
  }
}
