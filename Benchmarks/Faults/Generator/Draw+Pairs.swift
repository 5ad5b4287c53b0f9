import KeelTraining

extension Draw {
  /// A joint pair in every draw that gives one; they are rarer, so an overdetermined one in every
  /// third only.
  mutating func pairs(_ first: Fault.Kind, among kinds: [Fault.Kind]) throws -> [Specimen] {
    var found: [Specimen] = []
    for kind in [Specimen.Kind.joint, .overdetermined]
    where kind == .joint || index % Self.everyOverdetermined == 0 {
      for _ in 0..<4 {
        guard let pair = try pair(kind, first, among: kinds) else { continue }
        found.append(pair)
        break
      }
    }
    return found
  }

  private static let everyOverdetermined = 3

  private mutating func pair(_ kind: Specimen.Kind, _ first: Fault.Kind, among kinds: [Fault.Kind])
    throws -> Specimen?
  {
    guard kinds.count > 1 else { return nil }
    let a = first.hasSize ? first : dice.pick(kinds)
    // Two factors with one name could not be told apart.
    let others = kinds.filter { Set($0.names(in: twin)).isDisjoint(with: a.names(in: twin)) }
    guard !others.isEmpty else { return nil }
    let b = dice.pick(others)
    let name = "\(a.rawValue)+\(b.rawValue)"
    guard let edgeA = try edge(of: a), let edgeB = try edge(of: b) else {
      reject(name, "no edge of one of a pair")
      return nil
    }
    // A rate is reset to the textbook's, and so the other factor must show what it does there.
    guard let ground = try ground(hasRate: a == .rate || b == .rate) else {
      reject(name, "twin without skill at the textbook's rate")
      return nil
    }
    let sides = [Side(kind: a, edge: edgeA), Side(kind: b, edge: edgeB)]
    guard kind == .joint else { return try overdetermined(sides, name, on: ground) }
    // As far below the edges as still does harm together.
    for share in [0.5, 0.7, 0.9] {
      let faults = sides.map {
        fault($0.kind, $0.kind.rounded($0.edge.holds * share), $0.edge.value, nil)
      }
      guard faults.allSatisfy({ $0.value >= $0.kind.visible * $0.kind.sound(in: twin) }) else {
        continue
      }
      if let pair = try joint(faults, name, on: ground) { return pair }
    }
    reject(name, "no joint pair that is far from usual and trains alone only")
    return nil
  }

  /// The twin at no more than the textbook's rate, or just there; nil where that has no skill.
  mutating func ground(hasRate: Bool) throws -> Blueprint? {
    var ground = twin.plain
    if hasRate { ground.rate = twin.optimizer.textbookRate }
    if let known = grounds[ground.rate] { return known ? ground : nil }
    let isSound = try ground == twin || validity.haveSkill(ground) != nil
    grounds[ground.rate] = isSound
    return isSound ? ground : nil
  }

  private struct Side {
    let kind: Fault.Kind
    let edge: Edge
  }

  /// Each beyond its edge.
  private mutating func overdetermined(
    _ sides: [Side], _ name: String, on ground: Blueprint
  ) throws -> Specimen? {
    let severity = dice.pick([1.5, 4, 30])
    let faults = sides.map {
      fault($0.kind, $0.kind.rounded($0.edge.value * severity), $0.edge.value, severity)
    }
    guard faults.allSatisfy({ $0.value <= $0.kind.range(of: twin).upperBound }) else {
      reject(name, "beyond what can be built (pair)")
      return nil
    }
    // The truth table: each alone is sick, on sound ground, and the other is what a reset leaves.
    for fault in faults where try !isAlone(fault, of: faults, on: ground, validity.areSick) {
      reject(name, "one of an overdetermined pair trains alone")
      return nil
    }
    return try specimen(.overdetermined, faults, "both-\(name)", on: ground)
  }

  /// Whether one fault without the other is as it should be.
  ///
  /// A steep activation may be reset to what the twin has, or to what everybody takes: both must
  /// show it.
  private func isAlone(
    _ fault: Fault, of pair: [Fault], on ground: Blueprint,
    _ holds: (Blueprint) throws -> [Outcome]?
  ) throws -> Bool {
    guard try holds(fault.inserted(into: ground)) != nil else { return false }
    guard fault.kind != .slope, pair.contains(where: { $0.kind == .slope }) else { return true }
    var usual = ground
    usual.hidden = .relu
    return try holds(fault.inserted(into: usual)) != nil
  }

  /// Each below its edge, both together beyond.
  private mutating func joint(_ faults: [Fault], _ name: String, on ground: Blueprint) throws
    -> Specimen?
  {
    let both = faults.reduce(ground) { $1.inserted(into: $0) }
    guard try !validity.outcome(both, seed: validity.seeds[1]).isHealthy else { return nil }
    // The truth table: each alone trains, which is what resetting the other leaves.
    for fault in faults where try !isAlone(fault, of: faults, on: ground, validity.areHealthy) {
      return nil
    }
    return try specimen(.joint, faults, "joint-\(name)", on: ground)
  }
}

extension Fault.Kind {
  /// How far a factor of a joint pair lies beyond what is sound: less is within what people call
  /// usual.
  ///
  /// Networks have any depth, so that is no part of one.
  fileprivate var visible: Double {
    switch self {
    case .initialization: 2.5
    case .recurrence: 1.5
    case .depth: .infinity
    default: 4
    }
  }

  /// What the twin has, or the textbook.
  fileprivate func sound(in twin: Blueprint) -> Double {
    switch self {
    case .rate: max(twin.rate, twin.optimizer.textbookRate)
    case .slope: 1
    default: twin[keyPath: factor]
    }
  }
}
