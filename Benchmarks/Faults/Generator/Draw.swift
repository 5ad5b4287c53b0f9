import Foundation
import KeelEngine
import KeelTraining

/// One twin and the faults made of it.
///
/// Everything follows from the set of seeds and the index.
package struct Draw {
  package let id: String
  package let folder: String
  let index: Int
  private let kinds: [Fault.Kind]
  private let isMild: Bool
  var dice: Dice
  var validity: Validity
  private var edges: [Fault.Kind: Edge?] = [:]
  var twin = Blueprint()
  private var outcomes: [Outcome] = []
  /// By their rate: whether the twin has skill there.
  var grounds: [Double: Bool] = [:]
  package private(set) var rejections: [Rejection] = []
  /// Told of a recipe before anybody trains it.
  private let foretell: (Specimen) throws -> Void

  package static let severities = [1.5, 4, 30, 1000]

  package init(
    set: SeedSet, index: Int, folder: String, foretell: @escaping (Specimen) throws -> Void
  ) {
    id = "\(set.rawValue)\(index)"
    (self.index, self.folder, self.foretell) = (index, folder, foretell)
    kinds = set.kinds
    isMild = set == .m
    dice = Dice(seed: set.base + UInt64(index), stream: "faults")
    validity = Validity(seed: set.base + UInt64(index) * 1000, folder: folder)
  }

  /// The twin and what was made of it.
  /// - Throws: an error of the file system; `CancellationError`.
  package mutating func specimens() throws -> [Specimen] {
    let first = kinds[index % kinds.count]
    guard try makeTwin(for: first) else { return [] }
    if isMild { return try mild(first) }
    var found = try healthy()
    let others = kinds.filter { $0 != first && $0.applies(to: twin) }
    let second = dice.pick(others)
    for (kind, count) in [(first, 2), (second, 1)] {
      found += try singles(kind, count)
    }
    return try found + pairs(first, among: ([first] + others).filter(\.hasSize))
  }

  mutating func reject(_ what: String, _ reason: String) {
    rejections.append(Rejection(id: "\(id)-\(what)", reason: reason))
  }

  private mutating func makeTwin(for kind: Fault.Kind) throws -> Bool {
    for attempt in 0..<8 {
      // A cross-entropy on clipped probabilities hardly feels an outlier.
      let needsNumbers = kind == .outliers && dice.chance(0.7)
      twin = Twin.draw(
        id, &dice, kind.architectures, needsNumbers ? kind.needs.union(.numbers) : kind.needs)
      guard kind.applies(to: twin) else { continue }
      var specimen = Specimen(
        id: "\(id)-twin", kind: .healthy, blueprint: twin, seed: validity.seeds[0])
      specimen.blueprint.name = specimen.id
      try foretell(specimen)
      if let outcomes = try validity.haveSkill(twin), try isPlainHealthy() {
        self.outcomes = outcomes
        return true
      }
      reject("twin\(attempt)", "twin without skill (\(twin.architecture.rawValue))")
    }
    return false
  }

  private func isPlainHealthy() throws -> Bool {
    try twin.plain == twin || validity.areHealthy(twin.plain) != nil
  }

  /// The twin itself; and at a rate of 0.5 to 0.9 of the measured edge, if that trains.
  private mutating func healthy() throws -> [Specimen] {
    var twin = twin
    twin.name = "\(id)-twin"
    var itself = Specimen(id: twin.name, kind: .healthy, blueprint: twin, seed: validity.seeds[0])
    itself.outcomes = outcomes
    guard let edge = try edge(of: .rate) else { return [itself] }
    itself.rateEdge = edge.value
    twin.name = "\(id)-near-the-edge"
    twin.rate = Dice.rounded(edge.value * dice.uniform(0.5, 0.9))
    guard twin.rate > self.twin.rate else { return [itself] }
    var near = Specimen(
      id: twin.name, kind: .hard, hardness: "near the edge", blueprint: twin,
      seed: validity.seeds[0])
    near.rateEdge = edge.value
    try foretell(near)
    near.outcomes = [try validity.outcome(twin, seed: validity.seeds[0])]
    return near.outcomes[0].isHealthy ? [itself, near] : [itself]
  }

  // MARK: one fault

  /// One close to its edge, and one that hardly deviates; both train.
  private mutating func mild(_ kind: Fault.Kind) throws -> [Specimen] {
    guard let edge = try edge(of: kind) else { return [] }
    let start = kind.range(of: twin).lowerBound
    var found: [Specimen] = []
    for (name, share) in [("near", dice.uniform(0.85, 0.99)), ("far", dice.uniform(0.2, 0.6))] {
      let value = kind.rounded(start * pow(edge.holds / start, share))
      let fault = fault(kind, value, edge.value, value / edge.value)
      var blueprint = fault.inserted(into: twin)
      blueprint.name = "\(id)-\(kind.rawValue)-\(name)"
      var specimen = Specimen(
        id: blueprint.name, kind: .mild, blueprint: blueprint, seed: validity.seeds[0],
        faults: [fault])
      try foretell(specimen)
      guard let outcomes = try validity.areHealthy(blueprint) else { continue }
      (specimen.outcomes, specimen.twin) = (outcomes, self.outcomes[0])
      found.append(specimen)
    }
    return found
  }

  private mutating func singles(_ kind: Fault.Kind, _ count: Int) throws -> [Specimen] {
    guard kind.hasSize else { return try unsized(kind, count) }
    guard let edge = try edge(of: kind) else {
      reject(kind.rawValue, "no edge (\(kind.rawValue))")
      return []
    }
    let values = Self.severities.map { (severity: $0, value: kind.rounded(edge.value * $0)) }
      .filter { $0.value <= kind.range(of: twin).upperBound }
    var found: [Specimen] = []
    // The severities take turns, so that each kind gets its share of all.
    for offset in 0..<min(count, values.count) {
      let turn =
        index / kinds.count + offset * max(1, values.count / 2) + (count == 1 ? 1 : 0)
      let (severity, value) = values[turn % values.count]
      try found += single(kind, value, edge.value, severity).map { [$0] } ?? []
    }
    return found
  }

  /// Its forms in random order, until enough are valid.
  private mutating func unsized(_ kind: Fault.Kind, _ count: Int) throws -> [Specimen] {
    var forms = Array(1...Int(kind.range(of: twin).upperBound))
    var found: [Specimen] = []
    while found.count < count, !forms.isEmpty {
      let form = forms.remove(at: dice.integer(0, forms.count - 1))
      try found += single(kind, Double(form), nil, nil).map { [$0] } ?? []
    }
    return found
  }

  func fault(_ kind: Fault.Kind, _ value: Double, _ edge: Double?, _ severity: Double?)
    -> Fault
  {
    var faulty = twin
    faulty[keyPath: kind.factor] = value
    return Fault(
      kind: kind, value: value, edge: edge, severity: severity, names: kind.names(in: faulty))
  }

  private mutating func single(
    _ kind: Fault.Kind, _ value: Double, _ edge: Double?, _ severity: Double?
  ) throws -> Specimen? {
    let fault = fault(kind, value, edge, severity)
    if kind == .rate {
      guard value > twin.optimizer.textbookRate else {
        reject(kind.rawValue, "a rate beyond its edge, and no higher than the textbook's")
        return nil
      }
      guard try ground(hasRate: true) != nil else {
        reject(kind.rawValue, "twin without skill at the textbook's rate")
        return nil
      }
    }
    let tail = "-\((severity ?? value).formatted)"
    guard
      var specimen = try specimen(.single, [fault], "\(kind.rawValue)\(tail)", on: twin)
    else { return nil }
    // Reset-one is the twin. Insert-one is the fault in the plain recipe: the twin, if that is
    // plain.
    if kind != .rate, twin.plain != twin,
      try validity.areSick(fault.inserted(into: twin.plain)) == nil
    {
      reject(kind.rawValue, "insert-one trains (\(kind.rawValue))")
      return nil
    }
    specimen.rateEdge = edges[.rate].flatMap { $0?.value }
    return specimen
  }

  /// The recipe foretold, then trained on every seed; nil where it trains on one of them.
  mutating func specimen(
    _ kind: Specimen.Kind, _ faults: [Fault], _ name: String, on ground: Blueprint
  ) throws -> Specimen? {
    var faulty = faults.reduce(ground) { $1.inserted(into: $0) }
    faulty.name = "\(id)-\(name)"
    var specimen = Specimen(
      id: faulty.name, kind: kind, blueprint: faulty, seed: validity.seeds[0], faults: faults)
    let sound = try ground.recipe(seed: specimen.seed, in: folder)
    specimen.settings = try specimen.recipe(in: folder).diff(from: sound).count
    do {
      try foretell(specimen)
      guard let sick = try validity.areSick(faulty) else {
        reject(
          name, "trains on a seed (\(kind == .single ? faults[0].kind.rawValue : kind.rawValue))")
        return nil
      }
      specimen.outcomes = sick
    } catch let error as KeelError {
      reject(name, "cannot be trained: \(error.what)")
      return nil
    }
    specimen.twin =
      ground == twin ? outcomes[0] : try validity.outcome(ground, seed: validity.seeds[0])
    return specimen
  }

  // MARK: edges

  mutating func edge(of kind: Fault.Kind) throws -> Edge? {
    if let known = edges[kind] { return known }
    let (twin, validity) = (twin, validity)
    let edge = try Edge(in: kind.range(of: twin), rounded: kind.rounded) { value in
      var faulty = twin
      faulty[keyPath: kind.factor] = value
      do {
        return try validity.outcome(faulty, seed: validity.seeds[0]).isHealthy
      } catch is KeelError {
        return false
      }
    }
    edges[kind] = .some(edge)
    return edge
  }
}
