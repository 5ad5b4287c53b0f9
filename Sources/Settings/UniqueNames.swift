import KeelEngine

/// Refuses a catalogue in which two members have one name.
/// - Parameter what: a member: `cause`.
package func checkUnique(_ members: [(name: String, type: Any.Type)], _ what: String) throws {
  var seen: [String: Any.Type] = [:]
  for (name, type) in members {
    if let other = seen[name] {
      throw KeelError(
        .invalid, at: name, "is the name of two \(what)s: \(other) and \(type)",
        fix: "give yours another name, and name each once")
    }
    seen[name] = type
  }
}
