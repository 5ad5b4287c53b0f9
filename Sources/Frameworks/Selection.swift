/// Layers of one kind that get the same lines.
package struct Selection {
  package let kind: String
  /// Which of them, from 0, ascending.
  package let indices: [Int]
  /// How many there are.
  package let total: Int

  package init(kind: String, indices: [Int], total: Int) {
    (self.kind, self.indices, self.total) = (kind, indices, total)
  }

  /// Every layer of a kind, however many there are.
  package static func all(_ kind: String) -> Selection {
    Selection(kind: kind, indices: [], total: 0)
  }

  package var isAll: Bool { indices.count == total }

  /// The part of a Python list of all of them.
  package func part(of list: String) -> String {
    guard !isAll, let first = indices.first, let last = indices.last else { return list }
    guard last - first + 1 == indices.count else {
      return "[\(list)[i] for i in (\(indices.map(String.init).joined(separator: ", ")))]"
    }
    if last + 1 == total { return indices.count == 1 ? "\(list)[-1:]" : "\(list)[\(first):]" }
    return first == 0 ? "\(list)[:\(last + 1)]" : "\(list)[\(first):\(last + 1)]"
  }

  /// A line that stops where a Python list has not as many as the recipe, or none.
  ///
  /// Another layer would be changed there, or nothing.
  /// - Parameters:
  ///   - name: what they are called there.
  ///   - advice: what is to be done then.
  package func check(_ list: String, _ name: String, advice: String = "") -> String {
    let found = advice.isEmpty ? "{len(\(list))}: {\(list)}" : "{\(list)}; \(advice)"
    return isAll
      ? "assert \(list), \"found no \(name)\(advice.isEmpty ? "" : "; ")\(advice)\""
      : "assert len(\(list)) == \(total), f\"expected \(total) \(name), found \(found)\""
  }

  /// Which they are, counted from 1, behind lines that get some of them: `dense-1 to dense-6`.
  package var comment: String {
    guard !isAll, let first = indices.first, let last = indices.last else { return "" }
    let isRun = last - first + 1 == indices.count
    let names =
      indices.count == 1
      ? "\(kind)-\(first + 1)"
      : isRun ? "\(kind)-\(first + 1) to \(kind)-\(last + 1)" : "\(indices.count) \(kind) layers"
    return "  # \(names)"
  }

  /// Groups of those that get the same.
  package static func groups<Value: Equatable>(
    _ items: [(index: Int, value: Value)], kind: String, total: Int
  ) -> [(value: Value, selection: Selection)] {
    var groups: [(value: Value, indices: [Int])] = []
    for item in items {
      if let group = groups.firstIndex(where: { $0.value == item.value }) {
        groups[group].indices.append(item.index)
      } else {
        groups.append((item.value, [item.index]))
      }
    }
    return groups.map { ($0.value, Selection(kind: kind, indices: $0.indices, total: total)) }
  }
}
