import KeelEngine
import KeelRecipes
import KeelSettings
import KeelTraining

// The factors of a study: its settings that are not at their reference.

extension Factor {
  /// Every setting that is not at its reference, the one furthest off first.
  static func all(of knobs: [Knob], in evidence: Evidence, _ catalog: CauseCatalog) -> [Factor] {
    let causes = knobs.map { catalog.cause(of: $0) }
    func isAlone(_ cause: any Cause.Type) -> Bool {
      cause != UnusualSetting.self && causes.count { $0 == cause } == 1
    }
    return zip(knobs, causes).filter { knob, _ in
      evidence.recipe.own.value?[knob.name] != knob.reference
    }.map { knob, cause in
      Factor(cause, Deviation(knob), setting: isAlone(cause) ? nil : knob.name) {
        $0.recipe.settingOwn([(knob.name, knob.reference)])
      }
    }.sorted { $0.deviation.decades > $1.deviation.decades }
  }
}

extension Deviation {
  /// A setting of a study; of two texts one is another, and no number tells how far.
  fileprivate init(_ knob: Knob) {
    if let value = knob.value.number, let reference = knob.reference.number {
      self.init(quantity: knob.name, value: value, reference: reference, place: knob.name)
    } else {
      self.init(
        quantity: "\(knob.name): \(knob.value.line) in place of \(knob.reference.line)",
        value: .nan, reference: .nan, place: knob.name, decades: 0)
    }
  }
}

extension CauseCatalog {
  /// The cause that a setting of a study stands for: the one that the study names, or its name
  /// tells.
  package func cause(of knob: Knob) -> any Cause.Type {
    if let name = knob.cause { return causes.first { $0.name == name } ?? UnusualSetting.self }
    let setting = knob.name.lowercased().replacing("_", with: "-")
    return causes.first { $0.claims(setting, isAbove: knob.isAbove) } ?? UnusualSetting.self
  }

  /// Checks the causes that the settings of a study name.
  /// - Throws: `KeelError` for one that is none.
  package func check(_ knobs: [Knob]) throws {
    let names = causes.map { $0.name }
    for knob in knobs {
      guard let cause = knob.cause, !names.contains(cause) else { continue }
      throw KeelError(
        .invalid, at: "settings.\(knob.name).cause", "'\(cause)' is no cause",
        fix: suggestion(for: cause, among: names) + " 'keel list causes' tells them all")
    }
  }
}
