import KeelAuthoring

/// What became of a number that was measured in some steps: every one of them is in the archive.
struct SampledSeries: Codable {
  /// What it is: `sharpness`.
  let name: String
  /// The layer it is of; empty where it is of the whole.
  let layer: String
  /// Steps in which it was measured.
  let count: Int
  let first: Double
  let last: Double
  /// What is not a number is larger than all that is.
  let largest: Double
  let largestAtStep: Int

  /// Those of the whole first, then name by name.
  static func all(of samples: [Run.Sample]) -> [SampledSeries] {
    struct Key: Hashable { let name, layer: String }
    var keys: [Key] = []
    var groups: [Key: [Run.Sample]] = [:]
    for sample in samples {
      let key = Key(name: sample.name, layer: sample.layer)
      if groups[key] == nil { keys.append(key) }
      groups[key, default: []].append(sample)
    }
    var ranks: [String: Int] = [:]
    for key in keys where ranks[key.name] == nil { ranks[key.name] = ranks.count }
    let ordered = keys.enumerated().sorted {
      let (left, right) = ($0.element, $1.element)
      guard left.layer.isEmpty == right.layer.isEmpty else { return left.layer.isEmpty }
      return (ranks[left.name] ?? 0, $0.offset) < (ranks[right.name] ?? 0, $1.offset)
    }
    return ordered.compactMap { groups[$0.element].flatMap(SampledSeries.init) }
  }

  private init?(_ samples: [Run.Sample]) {
    guard let first = samples.first, let last = samples.last,
      let largest = samples.max(by: { Self.size($0.value) < Self.size($1.value) })
    else { return nil }
    (name, layer, count) = (first.name, first.layer, samples.count)
    (self.first, self.last, self.largest) = (first.value, last.value, largest.value)
    largestAtStep = largest.step
  }

  private static func size(_ value: Double) -> Double { value.isNaN ? .infinity : value }

  /// A line a name: of layers the one in which it was largest.
  static func lines(_ all: [SampledSeries]) -> [String] {
    var names: [String] = []
    for series in all where !names.contains(series.name) { names.append(series.name) }
    return names.compactMap { name in
      all.filter { $0.name == name }.max { size($0.largest) < size($1.largest) }?.line
    }
  }

  private var line: String {
    let place = layer.isEmpty ? "" : ", \(layer)"
    let step = "at step \(Text.count(largestAtStep))"
    return count == 1
      ? "\(name)\(place): \(Text.number(first)) \(step)"
      : "\(name)\(place): \(Text.number(first)) → \(Text.number(last)), "
        + "largest \(Text.number(largest)) \(step)"
  }
}
