import KeelAuthoring

/// What dear probes saw, a line a number: of layers the one in which it was largest.
struct SampleLines {
  private let samples: [Run.Sample]

  init(_ samples: [Run.Sample]) { self.samples = samples }

  var lines: [String] {
    guard !samples.isEmpty else {
      return ["  sampled     nothing: the training was too short for its budget"]
    }
    var names: [String] = []
    // Of the whole first.
    for sample in samples.filter({ $0.layer.isEmpty }) + samples
    where !names.contains(sample.name) { names.append(sample.name) }
    let steps = Set(samples.map(\.step)).count
    return ["  sampled     in \(Text.count(steps)) \(steps == 1 ? "step" : "steps")"]
      + names.flatMap(lines(of:))
  }

  private func lines(of name: String) -> [String] {
    // What is not a number outweighs all that is.
    func size(_ sample: Run.Sample) -> Double { sample.value.isNaN ? .infinity : sample.value }
    guard let largest = samples.filter({ $0.name == name }).max(by: { size($0) < size($1) })
    else { return [] }
    let course = samples.filter { $0.name == name && $0.layer == largest.layer }
    let place = largest.layer.isEmpty ? "" : ", \(largest.layer)"
    let ends = (course.count > 1 ? [course[0], course[course.count - 1]] : course)
      .map { Text.number($0.value) }.joined(separator: " → ")
    let most =
      course.count > 1
      ? ", largest \(Text.number(largest.value)) at step \(Text.count(largest.step))"
      : " at step \(Text.count(largest.step))"
    return ["              \(name)\(place): \(ends)\(most)"]
  }
}
