import Synchronization

/// What lets a browser of another machine in: a token that is good once, and the cookie that it is
/// changed for.
package final class AccessKey: Sendable {
  private let state: Mutex<State>
  /// The cookie's name: a browser sends those of all ports.
  private let name: String
  private let tell: @Sendable (_ token: String) -> Void

  private struct State {
    var token: String
    var cookies: Set<String> = []
  }

  /// - Parameter tell: called with every new token, the first included.
  package init(port: Int, tell: @escaping @Sendable (String) -> Void) {
    (name, self.tell) = ("keel-\(port)", tell)
    let token = Self.random()
    state = Mutex(State(token: token))
    tell(token)
  }

  /// 128 bits of the system's randomness.
  private static func random() -> String {
    var generator = SystemRandomNumberGenerator()
    return (0..<2).map { _ in
      let digits = String(generator.next(), radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }

  /// The cookie for a token, which is good no longer; nil where it is not the one.
  package func cookie(for token: String) -> String? {
    let (cookie, next) = state.withLock { state -> (String?, String) in
      guard Self.isSame(token, state.token) else { return (nil, "") }
      let cookie = Self.random()
      state.cookies.insert(cookie)
      state.token = Self.random()
      return (cookie, state.token)
    }
    guard let cookie else { return nil }
    tell(next)
    return "\(name)=\(cookie); HttpOnly; SameSite=Strict; Path=/"
  }

  /// Whether one of the cookies of a header is one that was given out.
  func isIn(cookies header: String) -> Bool {
    let values = header.split(separator: ";").compactMap { part -> String? in
      let pair = part.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
      return pair.count == 2 && pair[0] == name ? String(pair[1]) : nil
    }
    return state.withLock { state in
      values.contains { value in state.cookies.contains { Self.isSame($0, value) } }
    }
  }

  /// Takes as long whatever the first difference is.
  private static func isSame(_ one: String, _ other: String) -> Bool {
    let (one, other) = (Array(one.utf8), Array(other.utf8))
    guard one.count == other.count else { return false }
    return zip(one, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }
}
