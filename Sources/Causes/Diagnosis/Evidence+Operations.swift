import KeelTraining

extension Evidence {
  /// What an operation of an engine's training met that is above a limit; as it begins, or else
  /// where it ended.
  ///
  /// Where it ended it may be what the fault has made of the weights: it is then looked at last.
  func peak(
    _ kind: (Operations) -> Operations.Peak?, above limit: Double, _ quantity: String
  ) -> Deviation? {
    guard let seen = problem.engine?.operations else { return nil }
    func deviation(_ peak: Operations.Peak?, decades: Double?) -> Deviation? {
      guard let peak, peak.value > limit else { return nil }
      return Deviation(
        quantity: quantity, value: peak.value, reference: limit, place: peak.place,
        decades: decades)
    }
    return deviation(kind(seen.first), decades: nil) ?? deviation(kind(seen.last), decades: 0.01)
  }
}
